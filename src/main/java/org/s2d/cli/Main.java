package org.s2d.cli;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.s2d.device.DeviceException;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.UserException;
import org.s2d.train.checkpoint.ModelCard;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParseResult;

/** {@code ./s2d COMMAND}: expression recognition in videos, in Java. */
@Command(
        name = "s2d",
        mixinStandardHelpOptions = true,
        version = "s2d " + ModelCard.VERSION,
        description = "Facial-expression recognition in videos: train, evaluate, predict, verify against PyTorch.",
        footer = {
            "",
            "Exit codes: 0 fine, 1 a check failed, 2 wrong usage or bad input, 3 a device or native library is missing."
        })
public final class Main implements Runnable {
    /** A check failed. */
    public static final int FAILED = 1;

    /** Wrong usage or bad input. */
    public static final int BAD_INPUT = 2;

    /** The device or a native library is missing. */
    public static final int NO_DEVICE = 3;

    /** Commands by name, in the order of the help. */
    private static final Map<String, Class<?>> COMMANDS = commands();

    @Option(names = "--debug", scope = CommandLine.ScopeType.INHERIT, description = "Print stack traces.")
    private boolean debug;

    private static Map<String, Class<?>> commands() {
        Map<String, Class<?>> commands = new LinkedHashMap<>();
        commands.put("quickstart", QuickstartCommand.class);
        commands.put("pretrain", PretrainCommand.class);
        commands.put("train", TrainCommand.class);
        commands.put("evaluate", EvaluateCommand.class);
        commands.put("predict", PredictCommand.class);
        commands.put("verify", VerifyCommand.class);
        commands.put("report", ReportCommand.class);
        commands.put("compare", CompareCommand.class);
        commands.put("inspect", InspectCommand.class);
        commands.put("convert", ConvertCommand.class);
        commands.put("export", ExportCommand.class);
        commands.put("prepare", PrepareCommand.class);
        commands.put("pairs", PairsCommand.class);
        commands.put("check-data", CheckDataCommand.class);
        commands.put("ablate", AblateCommand.class);
        commands.put("doctor", DoctorCommand.class);
        commands.put("check", CheckCommand.class);
        commands.put("package", PackageCommand.class);
        return commands;
    }

    @Override
    public void run() {
        throw new CommandLine.ParameterException(new CommandLine(this), "Which command?");
    }

    public static void main(String[] args) {
        PrintWriter out = new PrintWriter(System.out, true, System.out.charset());
        PrintWriter err = new PrintWriter(System.err, true, System.err.charset());
        System.exit(run(out, err, args));
    }

    /** Runs a command line and returns its exit code. */
    public static int run(PrintWriter out, PrintWriter err, String... args) {
        Main main = new Main();
        CommandLine commandLine = new CommandLine(main);
        // Reading the annotations of all commands takes longer than many a command: only what the arguments may name.
        Set<String> named = new LinkedHashSet<>(COMMANDS.keySet());
        named.retainAll(List.of(args));
        for (String name : named.isEmpty() ? COMMANDS.keySet() : named) {
            commandLine.addSubcommand(name, COMMANDS.get(name));
        }
        commandLine.setOut(out).setErr(err);
        commandLine.setCaseInsensitiveEnumValuesAllowed(true);
        commandLine.setParameterExceptionHandler((error, arguments) -> {
            err.println("s2d: " + oneLine(error) + " See --help.");
            return BAD_INPUT;
        });
        commandLine.setExecutionExceptionHandler((error, command, parsed) -> main.report(error, command, parsed));
        try {
            return commandLine.execute(args);
        } catch (OutOfMemoryError error) {
            String hint = " Make the batch or the model smaller, or give Java more (S2D_JAVA_OPTS=-Xmx8g).";
            return say(err, "out of memory: " + error.getMessage() + "." + hint, BAD_INPUT);
        } catch (NoClassDefFoundError | UnsatisfiedLinkError error) { // as in the lean archive
            String hint = " Take the complete archive, or start ./s2d in a checkout.";
            return say(err, "a library that this needs is not here: " + error.getMessage() + "." + hint, NO_DEVICE);
        } catch (InternalError error) { // what a mapped file that was cut off meanwhile gives
            return say(err, "a file changed or its disk failed while it was read: " + error.getMessage(), BAD_INPUT);
        }
    }

    private int report(Exception error, CommandLine command, ParseResult parsed) {
        PrintWriter err = command.getErr();
        if (debug) {
            error.printStackTrace(err);
        }
        return switch (error) {
            case UserException known -> say(err, oneLine(known), BAD_INPUT);
            case ShapeException known -> say(err, oneLine(known), BAD_INPUT);
            case DeviceException known -> say(err, oneLine(known), NO_DEVICE);
            default ->
                say(
                        err,
                        "internal error in " + parsed.originalArgs() + ": " + error
                                + ". Run again with --debug for the stack trace and report it.",
                        FAILED);
        };
    }

    private static int say(PrintWriter err, String message, int code) {
        err.println("s2d: " + message);
        return code;
    }

    private static String oneLine(Exception error) {
        return String.valueOf(error.getMessage()).replaceAll("\\s*\\R\\s*", " ");
    }
}
