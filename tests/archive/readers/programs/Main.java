import java.io.InputStream;
import java.io.PrintStream;
import java.util.Enumeration;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipInputStream;

/** Reads a zip: the file that is named, by its directory; else standard input, as a stream. */
public class Main {
    static final PrintStream out = new PrintStream(System.out, false);

    public static void main(String[] args) throws Exception {
        if (args.length > 0) {
            try (ZipFile zip = new ZipFile(args[0])) {
                for (Enumeration<? extends ZipEntry> all = zip.entries(); all.hasMoreElements(); ) {
                    ZipEntry entry = all.nextElement();
                    try (InputStream in = zip.getInputStream(entry)) {
                        show(entry, in);
                    }
                }
            }
        } else {
            try (ZipInputStream in = new ZipInputStream(System.in)) {
                for (ZipEntry entry; (entry = in.getNextEntry()) != null; ) show(entry, in);
            }
        }
        out.flush();
    }

    static void show(ZipEntry entry, InputStream in) throws Exception {
        CRC32 crc = new CRC32();
        long size = 0;
        byte[] buffer = new byte[1 << 18];
        for (int got; (got = in.read(buffer)) >= 0; size += got) crc.update(buffer, 0, got);
        StringBuilder name = new StringBuilder();
        for (byte b : entry.getName().getBytes("UTF-8")) name.append(String.format("%02x", b));
        long time = Math.floorDiv(entry.getTime(), 1000L);
        out.println(name + " " + crc.getValue() + " " + size + " " + time + " -");
    }
}
