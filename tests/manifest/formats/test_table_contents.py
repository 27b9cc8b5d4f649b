"""Tables whose columns are told by what is in them, and rows of several files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.model.entry import Entry, Refusal
from tests.manifest.formats.samples import MD5, SHA256, entries, error_of, read

if TYPE_CHECKING:
    from collections.abc import Sequence

H = "https://h.example"
OTHER = "1" * 32


def gist(document: str) -> dict[str, tuple[tuple[str, ...], dict[str, str]]]:
    found = entries(document)
    return {entry.path: (entry.registrable, dict(entry.digests)) for entry in found}


def names(document: str) -> list[str]:
    return [entry.path for entry in entries(document)]


@pytest.mark.parametrize(
    "header",
    ["subject,image_url", "subject,comment[file uri]", "subject,s3_location", "subject,bam"],
)
def test_a_column_of_urls_of_files(header: str) -> None:
    assert names(f"{header}\ns1,{H}/x/a.nii\ns2,{H}/x/b.nii\n") == ["a.nii", "b.nii"]


def test_of_others_those_with_a_name_for_it() -> None:
    document = f"sample,vcf,fasta_url,page_url\ns,{H}/v.vcf,{H}/f.fa,{H}/\n"
    assert names(document) == ["f.fa"]


@pytest.mark.parametrize("cell", [f"{H}/", f"{H}/about", f"{H}/a.html", "https://x.example"])
def test_a_table_of_pages_is_none_of_files(cell: str) -> None:
    for header in ("organisation,website", "name,homepage", "id,url"):
        assert "--column" in error_of(f"{header}\nx,{cell}\ny,{cell}\n")


def test_pages_with_both_names_are_taken_at_their_word() -> None:
    assert names(f"name,url\nx,{H}/about\n") == ["x"]


def test_a_path_that_is_a_url_is_the_url() -> None:
    document = f"variable,path\ntas,{H}/c/tas.nc\npr,{H}/c/pr.nc\n"
    assert names(document) == ["tas.nc", "pr.nc"]
    assert [entry.path for entry in entries(document, url="path")] == ["tas.nc", "pr.nc"]


def test_somebodys_name_is_no_path() -> None:
    assert names(f"name,bam\nAda,{H}/1.bam\nBob,{H}/2.bam\n") == ["1.bam", "2.bam"]
    assert names(f"name,bam\nx/a.bam,{H}/1.bam\n") == ["x/a.bam"]


def test_names_below_the_common_folder_where_they_clash() -> None:
    document = f"subject,url\n1,{H}/d/s1/T1w.nii?v=1\n2,{H}/d/s2/a/T1w%20.nii\n3,{H}/d/s2/T1w.nii\n"
    assert names(document) == ["s1/T1w.nii", "s2/a/T1w .nii", "s2/T1w.nii"]


def test_several_files_in_a_row() -> None:
    document = (
        f"BAM,BAM_MD5,BAI,BAI_MD5\n"
        f"{H}/s/a.bam,{MD5},{H}/s/a.bam.bai,{OTHER}\n{H}/s/b.bam,,{H}/s/b.bam.bai,{MD5}\n"
    )
    assert gist(document) == {
        "a.bam": ((f"{H}/s/a.bam",), {"md5": MD5}),
        "a.bam.bai": ((f"{H}/s/a.bam.bai",), {"md5": OTHER}),
        "b.bam": ((f"{H}/s/b.bam",), {}),
        "b.bam.bai": ((f"{H}/s/b.bam.bai",), {"md5": MD5}),
    }


def test_a_digest_belongs_to_the_column_that_it_is_named_for() -> None:
    document = (
        "hap1_fasta,hap2_fasta,hap1_fasta_sha256,hap2_fasta_sha256\n"
        f"{H}/1.fa,{H}/2.fa,{SHA256},{SHA256[::-1]}\n"
    )
    digests = {path: digests for path, (_, digests) in gist(document).items()}
    assert digests == {"1.fa": {"sha256": SHA256}, "2.fa": {"sha256": SHA256[::-1]}}


def test_a_digest_before_all_urls_is_of_none_of_several_files() -> None:
    document = f"md5,r1,r2\n{MD5},{H}/1.fq.gz,{H}/2.fq.gz\n"
    assert [digests for _, digests in gist(document).values()] == [{}, {}]


def test_several_files_in_a_cell() -> None:
    document = f"sample,reads,md5,size\ns,{H}/s/x/1.fq;{H}/s/y/2.fq,{MD5};{OTHER},5;7\nt,,,\n"
    assert gist(document) == {
        "x/1.fq": ((f"{H}/s/x/1.fq",), {"md5": MD5}),
        "y/2.fq": ((f"{H}/s/y/2.fq",), {"md5": OTHER}),
    }
    assert [entry.size for entry in entries(document)] == [5, 7]
    fewer = document.replace(f";{OTHER}", "")
    assert [digests for _, digests in gist(fewer).values()] == [{}, {}]


def test_mirrors_have_the_same_last_part() -> None:
    document = (
        "file_download_url,md5sum,s3_uri,azure_url\n"
        f"{H}/@@download/a.bam,{MD5},s3://bkt/u/a.bam,https://z.example/a.bam?x=1\n"
    )
    urls = (f"{H}/@@download/a.bam", "https://bkt.s3.amazonaws.com/u/a.bam")
    assert gist(document) == {"a.bam": ((*urls, "https://z.example/a.bam?x=1"), {"md5": MD5})}


def test_beside_a_path_names_with_extensions_tell() -> None:
    document = f"path,url,mirror1\nx/a.bam,{H}/a.bam,{H}/a.bam.bai\n"
    assert list(gist(document)) == ["x/a.bam", "x/a.bam.bai"]
    assert list(gist(document.replace("a.bam.bai", "download?id=7"))) == ["x/a.bam"]


LISTS = ["['s3://bkt/a.raw']", f'"[""{H}/a.raw"", \'s3://bkt/a.raw\']"', f"[{H}/a.raw]"]


@pytest.mark.parametrize("cell", LISTS[:2])
def test_a_list_of_python_in_a_cell(cell: str) -> None:
    (entry,) = entries(f"guid,url\ng,{cell}\n")
    assert entry.path == "a.raw"
    assert "https://bkt.s3.amazonaws.com/a.raw" in entry.registrable


def test_a_cell_with_a_scheme_alone_is_empty() -> None:
    assert names(f"run,fastq_url\n1,ftp://\n2,{H}/2.fq\n") == ["2.fq"]


def test_columns_of_the_same_name() -> None:
    document = f"Source,Comment[FASTQ_URI],Comment[FASTQ_URI]\ns,{H}/1.fq.gz,{H}/2.fq.gz\n"
    assert names(document) == ["1.fq.gz", "2.fq.gz"]


def test_a_column_with_the_name_that_another_would_get() -> None:
    document = f"path,a,a,a (2),url,page\nx.bin,1,2,3,{H}/x.bin,https://other.example/view/1\n"
    assert gist(document) == {"x.bin": ((f"{H}/x.bin",), {})}
    (entry,) = entries(f"path,url,a,a,a (2),other,size\nx.bin,{H}/x.bin,1,2,3,4,5\n")
    assert entry.size == 5
    # what is said is the column that really has that name
    (entry,) = entries(f"a,a,a (2),url\n1,2,3,{H}/x.bin\n", path="a (2)")
    assert entry.path == "3"


COMMENTS = {
    "before the header": "# by me\n## at noon\npath,url\n{row}\n",
    "with cells in them": "###\tN.B.\t\npath\turl\tx\n{row}\ty\n###\tbad\t\n",
    "the header is one": "##Date=1\n##path=that\n#path,url\n{row}\n",
    "and behind it": "# by me\npath,url\n{row}\n# the end\n",
}


@pytest.mark.parametrize("kind", COMMENTS)
def test_comments(kind: str) -> None:
    document = COMMENTS[kind]
    row = f"a.x\t{H}/a.x" if "\t" in document else f"a.x,{H}/a.x"
    assert [item.path for item in read(document.format(row=row))] == ["a.x"]


def test_columns_with_urls_are_named_first() -> None:
    header = ["id", *(f"extra {n}" for n in range(50)), "where"]
    row = ["1", *("x" for _ in range(50)), f"{H}/"]
    error = error_of(f"{','.join(header)}\n{','.join(row)}\n")
    assert "NAME is one of 'where', 'id', 'extra 0'" in error


def test_addresses_of_drs() -> None:
    """Beside URLs they are not needed; without any, their servers are asked."""
    (entry,) = read(f"name,drs_uri,file_url\na.pdf,drs://h.example/dg.0/1,{H}/a.pdf\n", "csv")
    assert isinstance(entry, Entry)
    assert entry.registrable == (f"{H}/a.pdf",)
    for document in (
        "id,drs_uri,gs_uri\n1,drs://h/1,gs://bkt/a.bam\n",
        f"a,b\ndrs://h/1,{H}/a.bam",
    ):
        assert [item.path for item in read(document, "csv")] == ["a.bam"]
    with pytest.raises(ManifestError, match="column 'drs_uri' has addresses of DRS: each needs"):
        read("name,drs_uri\na.pdf,drs://h.example/dg.0/1\n", "csv")


CELLS = st.sampled_from(
    ["", "-", f"{H}/a.bam", f"{H}/b.bam;{H}/c.bam", "s3://bkt/a.bam", "ftp://", MD5, "x.y", "['a']"]
)
HEADS = ["path", "name", "url", "url2", "bam", "bam_md5", "md5", "size", "s3_uri", "reads", "hash"]


@given(
    st.lists(st.sampled_from(HEADS), min_size=2, max_size=5, unique=True),
    st.lists(st.lists(CELLS, min_size=5, max_size=5), min_size=1, max_size=4),
)
def test_whatever_a_table_has(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Entries, refusals or an error; and no two names of files are ever one entry."""
    lines = [",".join(row[: len(header)]) for row in (header, *rows)]
    try:
        found = read("\n".join(lines), "csv")
    except ManifestError:
        return
    assert all(isinstance(item, (Entry, Refusal)) for item in found)
    for item in found:
        if isinstance(item, Entry):
            ends = {url.rpartition("/")[2] for url in item.registrable}
            assert len({end for end in ends if end.endswith(".bam")}) < 2


def test_a_file_with_a_row_for_each_sample_is_one_file() -> None:
    rows = ["source name\tcomment[file uri]\tsize"]
    rows += [f"sample {n}\thttps://h.example/run1.raw\t7" for n in range(3)]
    rows += ["sample 4\thttps://h.example/run2.raw\t7"]
    assert [entry.path for entry in entries("\n".join(rows) + "\n")] == ["run1.raw", "run2.raw"]
    other = read("\n".join([*rows, "sample 5\thttps://h.example/run2.raw\t8"]) + "\n")
    assert [item.path for item in other] == ["run1.raw", "run2.raw", "run2.raw"]  # one is refused
