package org.s2d;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.StringWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the README shows in Java compiles. */
class ReadmeTest {
    private static final Pattern BLOCK = Pattern.compile("^```java\\n(.*?)^```$", Pattern.MULTILINE | Pattern.DOTALL);

    @TempDir
    Path folder;

    @Test
    void javaExamplesCompile() throws IOException {
        List<String> examples = new ArrayList<>();
        Matcher blocks = BLOCK.matcher(Files.readString(Path.of("README.md")));
        while (blocks.find()) {
            examples.add(blocks.group(1));
        }
        assertThat(examples).isNotEmpty();
        for (String example : examples) {
            assertThat(errors(example)).as(example).isEmpty();
        }
    }

    @Test
    void anExampleWithAnUnknownMethodWouldNot() throws IOException {
        assertThat(errors("import org.s2d.predict.Prediction;\nPrediction.of(1);\n"))
                .contains("cannot find symbol");
    }

    /** Compiles statements that may start with imports; returns what the compiler says. */
    private String errors(String example) throws IOException {
        StringBuilder imports = new StringBuilder();
        StringBuilder statements = new StringBuilder();
        example.lines()
                .forEach(line -> (line.startsWith("import ") ? imports : statements)
                        .append(line)
                        .append('\n'));
        Source source =
                new Source(imports + "class Example { static void run() throws Exception {\n" + statements + "}}");
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        StringWriter output = new StringWriter();
        List<String> options = List.of("-proc:none", "-d", folder.toString());
        try (var files = compiler.getStandardFileManager(null, null, null)) {
            compiler.getTask(output, files, null, options, null, List.of(source))
                    .call();
        }
        return output.toString();
    }

    private static final class Source extends SimpleJavaFileObject {
        private final String code;

        Source(String code) {
            super(URI.create("string:///Example.java"), JavaFileObject.Kind.SOURCE);
            this.code = code;
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return code;
        }
    }
}
