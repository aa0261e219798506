package org.s2d.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** A running tools/loader_peer.py. */
final class LoaderPeer implements AutoCloseable {
    private final Process process;
    private final BufferedWriter commands;
    private final BufferedReader answers;

    LoaderPeer(Path plan, String library, int workers) throws IOException {
        process = new ProcessBuilder(
                        Bench.python(), "tools/loader_peer.py", plan.toString(), library, "--workers", "" + workers)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        commands = process.outputWriter(StandardCharsets.UTF_8);
        answers = process.inputReader(StandardCharsets.UTF_8);
    }

    private String ask(String command) throws IOException {
        commands.write(command + "\n");
        commands.flush();
        String answer = answers.readLine();
        if (answer == null) {
            throw new IOException("tools/loader_peer.py ended; see above");
        }
        return answer;
    }

    /** Loads all clips; the processor seconds it took. */
    double run() throws IOException {
        return Double.parseDouble(ask("run"));
    }

    /** Mean and mean square of each clip outside its erased box. */
    double[][] moments() throws IOException {
        return new ObjectMapper().readValue(ask("moments"), double[][].class);
    }

    @Override
    public void close() {
        process.destroy();
    }
}
