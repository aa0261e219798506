package org.s2d;

import com.palantir.javaformat.java.Formatter;
import com.palantir.javaformat.java.FormatterException;
import com.palantir.javaformat.java.JavaFormatterOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The one layout of our Java sources; {@link FormattingTest} checks it and {@code main} applies it. */
final class Formatting {
    private static final Formatter FORMATTER = Formatter.createFormatter(JavaFormatterOptions.builder()
            .style(JavaFormatterOptions.Style.PALANTIR)
            .formatJavadoc(false)
            .build());

    private Formatting() {}

    static List<Path> sources(Path projectRoot) throws IOException {
        List<Path> sources = new ArrayList<>();
        for (Path folder : List.of(projectRoot.resolve("src"), projectRoot.resolve("bench"))) {
            if (Files.isDirectory(folder)) {
                try (Stream<Path> tree = Files.walk(folder)) {
                    tree.filter(path -> path.toString().endsWith(".java")).forEach(sources::add);
                }
            }
        }
        return sources;
    }

    static String format(String source) throws FormatterException {
        return FORMATTER.formatSourceAndFixImports(source);
    }

    public static void main(String[] args) throws Exception {
        for (Path path : sources(Path.of(args[0]))) {
            String before = Files.readString(path);
            String after = format(before);
            if (!after.equals(before)) {
                Files.writeString(path, after);
                System.out.println("formatted " + path);
            }
        }
    }
}
