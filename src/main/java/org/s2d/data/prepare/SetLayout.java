package org.s2d.data.prepare;

import java.util.List;
import java.util.Locale;
import org.s2d.data.DatasetFormat;

/**
 * Where a published data set keeps its clips and lists, as {@code src/main/configs} expects them; the columns of a list are the clip's name
 * and its class.
 */
public enum SetLayout {
    /** Our own: clips by number, class names, and a validation list where there are no folds. */
    CSV(DatasetFormat.CSV, "", "clips/%2$05d", "{split}.csv", "path,label", "jpg", 0),
    DFEW(
            DatasetFormat.DFEW,
            "Clip/clip_224x224_16f",
            "%2$05d",
            "EmoLabel_DataSplit/{split}(single-labeled)/{split}_set_{fold}.csv",
            "video_name,label",
            "jpg",
            5),
    /** Clips lie below the scene, here always "Own", and the class. */
    FERV39K(
            DatasetFormat.FERV39K,
            "2_ClipsforFaceCrop",
            "Own/%1$s/%2$04d",
            "Annotation/{split}.csv",
            "path,id",
            "jpg",
            0),
    MAFW(
            DatasetFormat.MAFW,
            "data/frames/frames_crop_align_224",
            "%2$05d",
            "anno/single/no_caption/set_{fold}/{split}.csv",
            "video_name,labels",
            "png",
            5);

    private final DatasetFormat format;
    private final String root;
    private final String clip;
    private final String list;
    private final String header;
    private final String extension;
    private final int folds;

    SetLayout(DatasetFormat format, String root, String clip, String list, String header, String extension, int folds) {
        this.format = format;
        this.root = root;
        this.clip = clip;
        this.list = list;
        this.header = header;
        this.extension = extension;
        this.folds = folds;
    }

    /** How the lists are read. */
    public DatasetFormat format() {
        return format;
    }

    /** Folds that the published lists have; 0: none. */
    public int folds() {
        return folds;
    }

    /** The folder that clips' names are relative to, below the data set's own; empty: that one. */
    String root() {
        return root;
    }

    /** First line of a list. */
    String header() {
        return header;
    }

    /** Kind of the frames' files. */
    String extension() {
        return extension;
    }

    /** The lists of each fold, or of the whole where there are no folds. */
    List<String> splits(int foldCount) {
        return this == CSV && foldCount == 0 ? List.of("train", "val", "test") : List.of("train", "test");
    }

    /** Share of the clips in each of {@link #splits} without folds. */
    double[] shares() {
        return this == CSV ? new double[] {0.7, 0.1, 0.2} : new double[] {0.8, 0.2};
    }

    /** A clip's name in the lists: its folder below {@link #root}. */
    String clip(String label, int number) {
        return String.format(Locale.ROOT, clip, className(label), number);
    }

    /** What a list says of a clip's class. */
    String label(String label) {
        return format.labels().isEmpty() ? label : Integer.toString(DatasetFormat.classNamed(format.labels(), label));
    }

    /** The class as the data set spells it. */
    private String className(String label) {
        return format.labels().isEmpty()
                ? label
                : format.labels().get(DatasetFormat.classNamed(format.labels(), label));
    }

    /** A list's file below the data set's folder, with {@code {fold}} in place of the number where there are folds. */
    String list(String split, int foldCount) {
        String name = this == CSV && foldCount > 0 ? "{split}_{fold}.csv" : list;
        return name.replace("{split}", split);
    }
}
