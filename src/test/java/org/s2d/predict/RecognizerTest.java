package org.s2d.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.s2d.data.Media;
import org.s2d.data.face.Alignment;
import org.s2d.data.face.FaceBox;
import org.s2d.data.face.FaceDetector;
import org.s2d.data.image.Image;
import org.s2d.data.image.ImageFile;
import org.s2d.data.metrics.MergedScores;
import org.s2d.data.prepare.Progress;
import org.s2d.tensor.UserException;
import org.s2d.train.TinyClips;
import org.s2d.train.Trainer;
import org.s2d.train.config.ConfigReader;
import org.s2d.train.results.Evaluator;

class RecognizerTest {
    private static final int CLIPS = 6;

    @TempDir
    static Path folder;

    private static Path list;
    private static Path checkpoint;

    @BeforeAll
    static void train() throws IOException {
        list = TinyClips.write(Files.createDirectories(folder.resolve("data")), CLIPS);
        List<String> settings = TinyClips.settings(list, folder.resolve("run"));
        settings.add("train.epochs=2");
        new Trainer(ConfigReader.read(null, settings), new PrintWriter(Writer.nullWriter()), () -> false).run(null);
        checkpoint = folder.resolve("run/best.pth");
    }

    private static List<Image> clip(int i) {
        Path frames = list.resolveSibling("clip" + i);
        return new Media.FrameFolder(frames)
                .frames().stream().map(ImageFile::read).toList();
    }

    @Test
    void saysWhatTheEvaluationSays() {
        List<String> settings = List.of("data.test=" + list, "data.test_num_segment=1", "data.test_num_crop=1");
        MergedScores scores = Evaluator.evaluate(
                        new Evaluator.Request(checkpoint, null, settings, false, null),
                        new PrintWriter(Writer.nullWriter()))
                .scores();
        try (Recognizer recognizer = Recognizer.load(checkpoint)) {
            List<List<Image>> clips = new ArrayList<>();
            for (String id : scores.ids()) {
                clips.add(clip(Integer.parseInt(id.replaceAll("\\D", ""))));
            }
            List<Prediction> predictions = recognizer.predictAll(clips);
            for (int i = 0; i < CLIPS; i++) {
                for (int c = 0; c < recognizer.labels().size(); c++) {
                    assertThat(predictions.get(i).probabilities().get(c))
                            .isCloseTo(scores.probabilities()[i][c], offset(1e-6));
                }
                assertThat(predictions.get(i).label())
                        .isEqualTo(recognizer.labels().get(scores.predictions()[i]));
            }
            assertThat(predictions.getFirst().landmarks()).isEmpty();
        }
    }

    @Test
    void manyThreadsGetTheSameAnswersAsOne() throws Exception {
        try (Recognizer recognizer = Recognizer.load(checkpoint, List.of("train.threads=2"));
                ExecutorService threads = Executors.newFixedThreadPool(4)) {
            List<Prediction> expected = new ArrayList<>();
            for (int i = 0; i < CLIPS; i++) {
                expected.add(recognizer.predict(clip(i)));
            }
            List<Future<Prediction>> answers = new ArrayList<>();
            for (int i = 0; i < 8 * CLIPS; i++) {
                int clip = i % CLIPS;
                answers.add(threads.submit(() -> recognizer.predict(clip(clip))));
            }
            for (int i = 0; i < answers.size(); i++) {
                assertThat(answers.get(i).get()).isEqualTo(expected.get(i % CLIPS));
            }
        }
    }

    @Test
    void clipsOfOtherLengthsAreSampledEvenlyOrEndWithTheirLastFrame() {
        assertThat(chosen(1, 4)).containsExactly(0, 0, 0, 0);
        assertThat(chosen(3, 4)).containsExactly(0, 1, 2, 2);
        assertThat(chosen(4, 4)).containsExactly(0, 1, 2, 3);
        assertThat(chosen(10, 4)).containsExactly(0, 3, 6, 9);
    }

    private static int[] chosen(int count, int wanted) {
        int[] result = new int[wanted];
        for (int i = 0; i < wanted; i++) {
            result[i] = Recognizer.chosen(i, count, wanted);
        }
        return result;
    }

    @Test
    void aClipWithoutFramesAndAFileThatIsNoCheckpointAreRefused() {
        try (Recognizer recognizer = Recognizer.load(checkpoint)) {
            assertThatThrownBy(() -> recognizer.predict(List.<Image>of())).isInstanceOf(UserException.class);
        }
        assertThatThrownBy(() -> Recognizer.load(list)).isInstanceOf(UserException.class);
    }

    @Test
    void moreClipsThanABatchComeBackInOrder() {
        try (Recognizer recognizer = Recognizer.load(checkpoint)) {
            List<List<Image>> clips = new ArrayList<>();
            for (int i = 0; i < 19; i++) {
                clips.add(clip(i % CLIPS));
            }
            List<Prediction> predictions = recognizer.predictAll(clips);
            assertThat(predictions).hasSize(19);
            for (int i = CLIPS; i < 19; i++) {
                assertThat(predictions.get(i)).isEqualTo(predictions.get(i % CLIPS));
            }
            assertThat(recognizer.predictAll(List.of())).isEmpty();
        }
    }

    @Test
    void aClosedRecogniserSaysSo() {
        Recognizer recognizer = Recognizer.load(checkpoint);
        recognizer.close();
        recognizer.close();
        assertThatThrownBy(() -> recognizer.predict(clip(0)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("the recogniser is closed");
    }

    @Test
    void meanIsOverProbabilities() {
        Prediction a = new Prediction(List.of("x", "y"), List.of(0.9, 0.1), List.of());
        Prediction b = new Prediction(List.of("x", "y"), List.of(0.2, 0.8), List.of());
        Prediction mean = Prediction.mean(List.of(a, b));
        assertThat(mean.probability("x")).isCloseTo(0.55, offset(1e-12));
        assertThat(mean.label()).isEqualTo("x");
        assertThatThrownBy(() -> mean.probability("z")).hasMessageContaining("[x, y]");
    }

    @Test
    void whatIsStoppedGivesTheResultOfTheFramesBefore() {
        try (Recognizer recognizer = Recognizer.load(checkpoint)) {
            int[] asked = {0};
            FileResult result = new FilePredictor(recognizer, null, Progress.NONE, () -> ++asked[0] > 2)
                    .predict(list.resolveSibling("clip0"));
            assertThat(result.frames()).isEqualTo(2);
            assertThat(result.faces()).hasSize(1);
        }
    }

    @Test
    void everybodyInAPhotographIsRecognisedAsTheCommandDoes() {
        Image photograph = clip(1).get(2);
        FaceDetector everywhere = new FaceDetector() {
            @Override
            public List<FaceBox> detect(Image picture) {
                return List.of(new FaceBox(8, 8, 16, 16, 1), new FaceBox(0, 0, 6, 6, 1));
            }

            @Override
            public void close() {}
        };
        try (Recognizer recognizer = Recognizer.load(checkpoint);
                FaceFinder finder = new FaceFinder(everywhere)) {
            List<FileResult.Face> faces = recognizer.faces(photograph, finder);
            assertThat(faces).hasSize(2);
            List<List<Image>> cuts = List.of(
                    List.of(cut(photograph, new FaceBox(8, 8, 16, 16, 1), recognizer)),
                    List.of(cut(photograph, new FaceBox(0, 0, 6, 6, 1), recognizer)));
            assertThat(faces)
                    .extracting(face -> face.overall().probabilities())
                    .isEqualTo(recognizer.predictAll(cuts).stream()
                            .map(Prediction::probabilities)
                            .toList());
        }
    }

    private static Image cut(Image photograph, FaceBox face, Recognizer recognizer) {
        return Alignment.upright(face.square(FaceFinder.MARGIN)).cut(photograph, recognizer.size());
    }
}
