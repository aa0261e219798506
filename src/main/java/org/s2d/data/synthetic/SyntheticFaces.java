package org.s2d.data.synthetic;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.s2d.data.prepare.DatasetWriter;
import org.s2d.data.prepare.DatasetWriter.Entry;
import org.s2d.data.prepare.Progress;
import org.s2d.tensor.UserException;

/**
 * Writes a data set of drawn faces; the same bytes for the same options. Below the folder:
 *
 * <ul>
 *   <li>clips/..., one folder of JPEG frames for each clip; train.csv, val.csv, test.csv list them with the labels of
 *       {@link ClipClass}; classes.txt has the names in the order of their ids;
 *   <li>frames_train.csv, frames_val.csv, frames_test.csv: a few frames of every clip with the clip's label, for an
 *       image model of the clip classes;
 *   <li>images/..., stills at the peak; images_train.csv, images_val.csv, images_test.csv with the labels Neutral, Sad,
 *       Angry, Happy, Surprise; image_classes.txt.
 * </ul>
 *
 * Paths in lists are relative to the folder. No person is in two splits, and every person shows every class equally often.
 */
public final class SyntheticFaces {
    private static final List<String> IMAGE_LABELS = ClipClass.stillLabels();
    private static final List<ClipClass> IMAGE_KINDS =
            List.of(ClipClass.NEUTRAL, ClipClass.SAD, ClipClass.ANGRY, ClipClass.SMILE_ONSET, ClipClass.SURPRISE_ONSET);
    /** Clips of one class by the same person. */
    private static final int TAKES = 2;
    /** Frames of a clip in the frames lists. */
    private static final int LISTED_FRAMES = 4;

    private SyntheticFaces() {}

    /**
     * What to draw.
     *
     * @param trainPerClass clips of each class in the training split
     * @param valPerClass clips of each class in the validation split
     * @param testPerClass clips of each class in the test split
     * @param frames of a clip
     * @param size width and height of a frame in pixels
     * @param stillsPerClip stills of each image class for every clip of a class
     */
    public record Options(
            long seed, int trainPerClass, int valPerClass, int testPerClass, int frames, int size, int stillsPerClip) {
        public Options {
            if (trainPerClass < 1 || valPerClass < 1 || testPerClass < 1) {
                throw new UserException("synthetic faces: each split needs at least 1 clip of each class, found "
                        + trainPerClass + ", " + valPerClass + " and " + testPerClass + ".");
            }
            if (frames < 2 || frames > 99 || size < 32 || size > 1024 || stillsPerClip < 1) {
                throw new UserException(
                        "synthetic faces: found " + frames + " frames of " + size + " pixels and " + stillsPerClip
                                + " stills a clip, expected 2 to 99 frames, 32 to 1024 pixels, 1 still or more.");
            }
        }

        /** 40 + 10 + 20 clips of each class, 16 frames of 64 pixels, 2 stills a clip. */
        public static Options defaults(long seed) {
            return new Options(seed, 40, 10, 20, 16, 64, 2);
        }

        public Options withClips(int train, int val, int test) {
            return new Options(seed, train, val, test, frames, size, stillsPerClip);
        }

        public Options withSize(int pixels) {
            return new Options(seed, trainPerClass, valPerClass, testPerClass, frames, pixels, stillsPerClip);
        }

        /** Stills of each image class for every clip of a class. */
        public Options withStills(int perClip) {
            return new Options(seed, trainPerClass, valPerClass, testPerClass, frames, size, perClip);
        }

        public Options withFrames(int count) {
            return new Options(seed, trainPerClass, valPerClass, testPerClass, count, size, stillsPerClip);
        }
    }

    private record Split(String name, int firstPerson, int perClass) {}

    /** One drawing job: the takes of a person and class that share their frames. */
    private record Job(Split split, int person, ClipClass kind, int take) {
        String stem() {
            return String.format(Locale.ROOT, "%s_p%03d_%d", split.name, person, take);
        }
    }

    /** Draws and writes everything, replacing an earlier set in the same folder. */
    public static void write(Path folder, Options options, Progress progress) {
        DatasetWriter writer = new DatasetWriter(folder);
        writer.clear("clips", "images");
        List<Split> splits = splits(options);
        for (Split split : splits) {
            writer.clear(split.name + ".csv", "frames_" + split.name + ".csv", "images_" + split.name + ".csv");
        }
        List<Job> jobs = splits.stream().flatMap(split -> jobs(split).stream()).toList();
        DatasetWriter.forEach(jobs.size(), progress, i -> draw(jobs.get(i), options, writer));
        for (Split split : splits) {
            List<Job> own = jobs.stream().filter(job -> job.split.equals(split)).toList();
            writeLists(split, own, options, writer);
        }
        writer.classes("classes.txt", ClipClass.labels());
        writer.classes("image_classes.txt", IMAGE_LABELS);
    }

    private static List<Split> splits(Options options) {
        int train = Math.ceilDiv(options.trainPerClass, TAKES);
        int val = Math.ceilDiv(options.valPerClass, TAKES);
        return List.of(
                new Split("train", 0, options.trainPerClass),
                new Split("val", train, options.valPerClass),
                new Split("test", train + val, options.testPerClass));
    }

    private static List<Job> jobs(Split split) {
        List<Job> jobs = new ArrayList<>();
        for (int i = 0; i < split.perClass; i++) {
            for (ClipClass kind : IMAGE_KINDS) {
                jobs.add(new Job(split, split.firstPerson + i / TAKES, kind, i % TAKES));
            }
        }
        return jobs;
    }

    /** The clip classes made of a job's frames: one, or onset and offset. */
    private static List<ClipClass> classes(Job job) {
        return Arrays.stream(ClipClass.values())
                .filter(kind -> kind.forward() == job.kind)
                .toList();
    }

    private static void draw(Job job, Options options, DatasetWriter writer) {
        Clip clip = new Clip(options.seed, job.person, job.kind, job.take);
        List<byte[]> frames = clip.frames(options.frames, options.size).stream()
                .map(DatasetWriter::jpeg)
                .toList();
        for (ClipClass kind : classes(job)) {
            writer.clip(clipPath(job, kind), kind.reversed() ? frames.reversed() : frames, "jpg");
        }
        for (int i = 0; i < options.stillsPerClip; i++) {
            // Numbers from 1000 on, so that no still has the scene of a clip.
            Clip other = new Clip(options.seed, job.person, job.kind, 1000 + job.take * options.stillsPerClip + i);
            writer.file(stillPath(job, i), DatasetWriter.jpeg(other.still(options.size)));
        }
    }

    private static void writeLists(Split split, List<Job> jobs, Options options, DatasetWriter writer) {
        List<Entry> clips = new ArrayList<>();
        List<Entry> frames = new ArrayList<>();
        List<Entry> stills = new ArrayList<>();
        for (Job job : jobs) {
            for (ClipClass kind : classes(job)) {
                String path = clipPath(job, kind);
                clips.add(new Entry(path, kind.label()));
                for (int i = 0; i < LISTED_FRAMES; i++) {
                    int frame = Math.round((float) i * (options.frames - 1) / (LISTED_FRAMES - 1));
                    frames.add(new Entry(String.format(Locale.ROOT, "%s/%02d.jpg", path, frame), kind.label()));
                }
            }
            for (int i = 0; i < options.stillsPerClip; i++) {
                stills.add(new Entry(stillPath(job, i), imageLabel(job.kind)));
            }
        }
        writer.list(split.name + ".csv", clips);
        writer.list("frames_" + split.name + ".csv", frames);
        writer.list("images_" + split.name + ".csv", stills);
    }

    private static String imageLabel(ClipClass kind) {
        return kind.stillLabel();
    }

    private static String clipPath(Job job, ClipClass kind) {
        return "clips/" + job.stem() + "_" + kind.label();
    }

    private static String stillPath(Job job, int number) {
        return "images/" + job.stem() + "_" + imageLabel(job.kind) + "_" + number + ".jpg";
    }
}
