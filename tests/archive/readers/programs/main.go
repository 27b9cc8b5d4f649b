// Reads the zip that is named with Go's archive/zip.
package main

import (
	"archive/zip"
	"bufio"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
)

func main() {
	out := bufio.NewWriter(os.Stdout)
	err := read(os.Args[1], out)
	out.Flush()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func read(path string, out io.Writer) error {
	archive, err := zip.OpenReader(path)
	if err != nil {
		return err
	}
	defer archive.Close()
	for _, file := range archive.File {
		content, err := file.Open()
		if err != nil {
			return err
		}
		crc := crc32.NewIEEE()
		size, err := io.Copy(crc, content)
		if err != nil {
			return err
		}
		content.Close()
		mode := uint32(file.Mode().Perm()) | 0o100000
		if file.Mode()&fs.ModeSymlink != 0 {
			mode = uint32(file.Mode().Perm()) | 0o120000
		}
		fmt.Fprintf(out, "%x %d %d %d %d\n",
			file.Name, crc.Sum32(), size, file.Modified.Unix(), mode)
	}
	return nil
}
