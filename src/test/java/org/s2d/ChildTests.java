package org.s2d;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/**
 * Runs a test class in a process of its own, since native libraries are bound once per process; its tests are the caller's
 * dynamic tests. The names of such classes end in {@code Child}, so that nothing runs them otherwise.
 */
public final class ChildTests {
    private static final String MARK = "child-test\t";

    private ChildTests() {}

    /**
     * The tests of a class, run.
     *
     * @param environment what the process has of it besides the path
     */
    public static Stream<DynamicTest> run(Class<?> tests, Map<String, String> environment)
            throws IOException, InterruptedException {
        Result result = java(environment, ChildTests.class, tests.getName());
        List<DynamicTest> found = new ArrayList<>();
        StringBuilder other = new StringBuilder();
        result.output().lines().forEach(line -> {
            if (line.startsWith(MARK)) {
                String[] parts = line.split("\t", -1);
                found.add(DynamicTest.dynamicTest(
                        parts[1], () -> assertThat(decode(parts[2])).isEmpty()));
            } else {
                other.append(line).append('\n');
            }
        });
        found.add(DynamicTest.dynamicTest("the process itself", () -> {
            assertThat(result.exit()).as("%s", other).isZero();
            assertThat(found).as("%s", other).hasSizeGreaterThan(1);
        }));
        return found.stream();
    }

    /** How a process ended, and all it printed. */
    public record Result(int exit, String output) {}

    /** Runs a class with the test's class path. */
    public static Result java(Map<String, String> environment, Class<?> main, String... arguments)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-Djava.awt.headless=true",
                "-XX:TieredStopAtLevel=1", // short runs, several at a time
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().keySet().retainAll(List.of("PATH", "HOME"));
        builder.environment().putAll(environment);
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Result(process.waitFor(), output);
    }

    /** The process: one line per test. */
    public static void main(String[] args) {
        LauncherDiscoveryRequest request = LauncherDiscoveryRequestBuilder.request()
                .selectors(DiscoverySelectors.selectClass(args[0]))
                .build();
        LauncherFactory.create().execute(request, new TestExecutionListener() {
            @Override
            public void executionFinished(TestIdentifier test, TestExecutionResult result) {
                if (test.isTest() || result.getStatus() != TestExecutionResult.Status.SUCCESSFUL) {
                    String reason = result.getThrowable().map(ChildTests::trace).orElse("");
                    System.out.println(MARK + test.getDisplayName() + "\t" + encode(reason));
                }
            }
        });
    }

    private static String trace(Throwable thrown) {
        StringWriter text = new StringWriter();
        thrown.printStackTrace(new PrintWriter(text));
        return text.toString();
    }

    private static String encode(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String decode(String text) {
        return new String(Base64.getDecoder().decode(text), StandardCharsets.UTF_8);
    }
}
