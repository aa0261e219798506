package org.s2d.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.s2d.data.prepare.FacePairs;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "pairs",
        mixinStandardHelpOptions = true,
        description =
                "Make a clip data set from pairs of photographs: the same person, neutral and with an expression.",
        footer = {
            "",
            "PHOTOS holds pairs.csv (person,neutral_file,peak_file,label,split), annotations.csv"
                    + " (file,label,split,person)",
            "and, where there is one, landmarks68.csv (file,x0,y0,...,x67,y67). OUT gets frame folders and the lists",
            "train.csv, val.csv, test.csv and images_train.csv, images_val.csv, images_test.csv.",
            "",
            "Examples:",
            "  ./s2d pairs photos/ data/faces",
            "  ./s2d pairs photos/ data/faces --size 112 --drop contempt --drop fear --transition fade",
        })
final class PairsCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "PHOTOS", description = "Folder with the photographs and their CSV files.")
    private Path photos;

    @Parameters(index = "1", paramLabel = "OUT", description = "Folder to write.")
    private Path out;

    @Option(
            names = "--seed",
            defaultValue = "0",
            description = "Seed of timing and pairing. Default: ${DEFAULT-VALUE}.")
    private long seed;

    @Option(names = "--frames", defaultValue = "16", description = "Frames of a clip. Default: ${DEFAULT-VALUE}.")
    private int frames = 16;

    @Option(
            names = "--size",
            defaultValue = "0",
            description = "Side of the frames in pixels; 0 keeps that of the photographs. Default: ${DEFAULT-VALUE}.")
    private int size;

    @Option(
            names = "--transition",
            defaultValue = "warp",
            description = "warp (along landmarks) or fade. Default: ${DEFAULT-VALUE}.")
    private FacePairs.Transition transition = FacePairs.Transition.WARP;

    @Option(names = "--drop", paramLabel = "CLASS", description = "Leave a class out. Repeatable. Default: contempt.")
    private Set<String> drop = new LinkedHashSet<>(Set.of("contempt"));

    @Option(names = "--merge", paramLabel = "CLASS=INTO", description = "Count a class as another one. Repeatable.")
    private Map<String, String> merge = new LinkedHashMap<>();

    @Option(
            names = "--neutral-share",
            defaultValue = "0.333",
            description = "Neutral clips as a share of the others. Default: ${DEFAULT-VALUE}.")
    private double neutralShare = 0.333;

    @Option(names = "--color", description = "Keep colours. Default: grey, since colour often tells the source.")
    private boolean color;

    @Option(names = "--png", description = "Frames as PNG instead of JPEG.")
    private boolean png;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter text = spec.commandLine().getOut();
        FacePairs.Options options =
                new FacePairs.Options(seed, frames, size, !color, transition, drop, merge, neutralShare, png);
        FacePairs.Summary summary =
                FacePairs.write(FacePairs.Source.of(photos), out, options, new ConsoleProgress(text, "pairs"));
        summary.notes().forEach(text::println);
        summary.clips().forEach((split, counts) -> text.println(split + " clips " + counts));
        summary.images().forEach((split, counts) -> text.println(split + " images " + counts));
        text.println("written to " + out);
        return 0;
    }
}
