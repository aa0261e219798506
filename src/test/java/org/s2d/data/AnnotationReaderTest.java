package org.s2d.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.s2d.SharedData;
import org.s2d.data.ListOptions.LabelBase;
import org.s2d.tensor.UserException;

class AnnotationReaderTest {
    @TempDir
    private Path folder;

    private ClipList read(DatasetFormat format, String text, ListOptions options) throws IOException {
        return AnnotationReader.read(format, Files.writeString(folder.resolve("list.csv"), text), folder, options);
    }

    private ClipList read(DatasetFormat format, String text) throws IOException {
        return read(format, text, ListOptions.defaults());
    }

    private void clips(String... names) throws IOException {
        for (String name : names) {
            Pictures.write(folder.resolve(name).resolve("1.png"), 2, 2, 1);
        }
    }

    private AbstractThrowableAssert<?, ?> assertRefused(DatasetFormat format, String text) {
        return assertThatThrownBy(() -> read(format, text)).isInstanceOf(UserException.class);
    }

    @Test
    void dfewFromZeroAndFromOne() throws IOException {
        clips("00001", "02522", "00003");
        ClipList zero = read(DatasetFormat.DFEW, "video_name,label\n02522,5\n00001,0\n");
        assertThat(zero.labelIds()).containsExactly(5, 0);
        assertThat(zero.samples().getFirst().media()).isEqualTo(new Media.FrameFolder(folder.resolve("02522")));
        assertThat(zero.notes()).isEmpty();
        ClipList one = read(DatasetFormat.DFEW, "video_name,label\n02522,7\n00001,1\n");
        assertThat(one.labelIds()).containsExactly(6, 0);
        assertThat(one.notes()).singleElement().asString().contains("from 1 to 7");
        ClipList unclear = read(DatasetFormat.DFEW, "video_name,label\n02522,3\n");
        assertThat(unclear.labelIds()).containsExactly(3);
        assertThat(unclear.notes()).singleElement().asString().contains("0 assumed");
        ClipList told = read(
                DatasetFormat.DFEW,
                "video_name,label\n02522,3\n",
                ListOptions.defaults().withBase(LabelBase.ONE));
        assertThat(told.labelIds()).containsExactly(2);
    }

    @Test
    void dfewNamesThatLostTheirZerosAreFound() throws IOException {
        clips("00003");
        assertThat(read(DatasetFormat.DFEW, "video_name,label\n3,0\n")
                        .samples()
                        .getFirst()
                        .media()
                        .path())
                .isEqualTo(folder.resolve("00003"));
    }

    @Test
    void ferv39kWithAndWithoutHeader() throws IOException {
        clips("Crime/Angry/0063", "Daily/Sad/0001");
        for (String header : new String[] {"path,id\n", ""}) {
            ClipList list = read(DatasetFormat.FERV39K, header + "Crime/Angry/0063,0\nDaily/Sad/0001,5\n");
            assertThat(list.labelIds()).containsExactly(0, 5);
            assertThat(list.samples().get(1).id()).isEqualTo("Daily/Sad/0001");
        }
    }

    @Test
    void mafwInBothForms() throws IOException {
        clips("03747", "00002");
        assertThat(read(DatasetFormat.MAFW, "video_name,labels\n03747,0\n00002,10\n")
                        .labelIds())
                .containsExactly(0, 10);
        ClipList words = read(DatasetFormat.MAFW, "03747.mp4 anger\n00002.mp4 helplessness\n");
        assertThat(words.labelIds()).containsExactly(0, 7);
        assertThat(words.samples().getFirst().id()).isEqualTo("03747");
        assertThat(words.samples().getFirst().media()).isEqualTo(new Media.FrameFolder(folder.resolve("03747")));
    }

    @Test
    void affectNetHasSevenOrEightClasses() throws IOException {
        Pictures.write(folder.resolve("a b/1.bmp"), 2, 2, 1);
        ClipList seven = read(DatasetFormat.AFFECTNET, "a b/1.bmp 6\n");
        assertThat(seven.labels()).hasSize(7);
        assertThat(seven.samples().getFirst().media()).isEqualTo(new Media.Photo(folder.resolve("a b/1.bmp")));
        assertThat(read(DatasetFormat.AFFECTNET, "a b/1.bmp 7\n").labels()).hasSize(8);
    }

    @Test
    void rafDbStartsAtOneAndFindsAlignedFiles() throws IOException {
        Pictures.write(folder.resolve("train_00001_aligned.jpg"), 2, 2, 1);
        ClipList list = read(DatasetFormat.RAF_DB, "train_00001.jpg 5\n");
        assertThat(list.labels().get(list.labelIds()[0])).isEqualTo("Sadness");
        assertThat(list.samples().getFirst().media().path()).isEqualTo(folder.resolve("train_00001_aligned.jpg"));
    }

    @Test
    void genericListsTakeIdsOrNames() throws IOException {
        clips("a", "b, c", "d");
        ClipList ids = read(DatasetFormat.CSV, "path,label\na,0\n\"b, c\",2\n");
        assertThat(ids.labels()).containsExactly("0", "1", "2");
        assertThat(ids.labelIds()).containsExactly(0, 2);
        ClipList names = read(DatasetFormat.CSV, "\ufeffpath,label\r\na,joy\r\n\"b, c\",calm\r\nd,joy");
        assertThat(names.labels()).containsExactly("calm", "joy");
        assertThat(names.labelIds()).containsExactly(1, 0, 1);
        ClipList same = read(
                DatasetFormat.CSV, "path,label\na,joy\n", ListOptions.defaults().withLabels(names.labels()));
        assertThat(same.labelIds()).containsExactly(1);
    }

    @Test
    void rowsAreChosenByAColumn() throws IOException {
        clips("a", "b", "c");
        String text = "file,label,split\na,x,train\nb,y,test\nc,y,train\n";
        ClipList train = read(DatasetFormat.CSV, text, ListOptions.defaults().where("split", "train"));
        assertThat(train.samples().stream().map(Sample::id)).containsExactly("a", "c");
        assertThatThrownBy(() ->
                        read(DatasetFormat.CSV, text, ListOptions.defaults().where("fold", "1")))
                .hasMessage(folder.resolve("list.csv") + ":1: no column 'fold', found file, label, split.");
        assertThatThrownBy(() ->
                        read(DatasetFormat.CSV, text, ListOptions.defaults().where("split", "none")))
                .hasMessageContaining("no clips in this list where {split=none}");
    }

    @Test
    void theListOfRealFacesIsRead() {
        Path faces = SharedData.require("data/faces");
        ListOptions train = ListOptions.defaults().where("split", "train");
        ClipList list = AnnotationReader.read(DatasetFormat.CSV, faces.resolve("annotations.csv"), faces, train);
        assertThat(list.size()).isGreaterThan(1000);
        assertThat(list.labels()).contains("happiness", "neutral");
    }

    @Test
    void errorsNameFileAndLine() throws IOException {
        clips("00001");
        Path list = folder.resolve("list.csv");
        assertRefused(DatasetFormat.DFEW, "video_name,label\n00001,0\n00001,9\n")
                .hasMessage(list + ":3: unknown label '9', expected an id from 0 to 6 or one of"
                        + " Happy, Sad, Neutral, Angry, Surprise, Disgust, Fear.");
        assertRefused(DatasetFormat.DFEW, "video_name,label\n00001,bored\n").hasMessageContaining(":2: unknown label");
        assertRefused(DatasetFormat.DFEW, "video_name,label\n00001,0\n77777,1\n")
                .hasMessage(list + ":3: clip " + folder.resolve("77777") + " does not exist. Check the media folder.");
        assertRefused(DatasetFormat.DFEW, "video_name,label\n00001\n").hasMessageContaining(":2: 1 fields, expected 2");
        assertRefused(DatasetFormat.DFEW, "video_name,label\n00001,\n").hasMessageContaining(":2: label is empty");
        assertRefused(DatasetFormat.CSV, "path,label\n\"00001,0\n").hasMessageContaining(":2: quote is never closed");
        assertRefused(DatasetFormat.CSV, "path,label\n\"a\"b,0\n")
                .hasMessageContaining(":2: text after a closing quote");
        assertRefused(DatasetFormat.DFEW, "video_name,label\n").hasMessage(list + ": no clips in this list.");
        assertRefused(DatasetFormat.DFEW, "").hasMessage(list + ": no clips in this list.");
        Files.writeString(folder.resolve("film.mp4"), "x");
        assertRefused(DatasetFormat.CSV, "path,label\nfilm.mp4,0\n").hasMessageContaining("./s2d prepare");
        Files.write(list, new byte[] {(byte) 0xff, (byte) 0xfe, 0, 1});
        assertThatThrownBy(() -> AnnotationReader.read(DatasetFormat.CSV, list, folder, ListOptions.defaults()))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("not a text file in UTF-8");
        assertThatThrownBy(() -> AnnotationReader.read(
                        DatasetFormat.CSV, folder.resolve("no.csv"), folder, ListOptions.defaults()))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("no such annotation list");
    }

    @Test
    void idsThatMeanOtherClassesThanTheModelsAreRefused() throws IOException {
        clips("00001", "00002");
        ListOptions ferv = ListOptions.defaults().withLabels(DatasetFormat.FERV39K.labels());
        assertThatThrownBy(() -> read(DatasetFormat.DFEW, "video_name,label\n00001,0\n", ferv))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("class 'Angry' has number 3 in lists of dfew, but number 0 here");
        assertThat(read(DatasetFormat.DFEW, "video_name,label\n00001,Happy\n00002,Fear\n", ferv)
                        .labelIds())
                .containsExactly(3, 2);
        ListOptions own = ListOptions.defaults()
                .withLabels(List.of("joy", "sadness", "calm", "anger", "surprise", "disgust", "fear"));
        assertThat(read(DatasetFormat.DFEW, "video_name,label\n00001,0\n00002,6\n", own)
                        .labelIds())
                .containsExactly(0, 6);
    }

    @Test
    void missingMediaMayWaitUntilTheyAreLoaded() throws IOException {
        ClipList list = read(
                DatasetFormat.DFEW,
                "video_name,label\n77777,1\n",
                ListOptions.defaults().withRequireMedia(false));
        assertThatThrownBy(() -> list.samples().getFirst().media().frames())
                .isInstanceOf(UserException.class)
                .hasMessageContaining("77777: folder of frames cannot be read");
    }

    @Test
    void aListThatNamesVideosIsReadWhereTheirFramesAreThere() throws IOException {
        clips("film", "00012");
        Files.writeString(folder.resolve("film.mp4"), "video");
        assertThat(read(DatasetFormat.CSV, "path,label\nfilm.mp4,0\n")
                        .samples()
                        .getFirst()
                        .media())
                .isEqualTo(new Media.FrameFolder(folder.resolve("film")));
        assertThat(read(DatasetFormat.DFEW, "video_name,label\n00012.avi,0\n")
                        .samples()
                        .getFirst()
                        .media())
                .isEqualTo(new Media.FrameFolder(folder.resolve("00012")));
    }

    @Test
    void framesComeInTheOrderOfTheirNames() throws IOException {
        for (String name : new String[] {"b/10.png", "b/02.png", "b/01.png"}) {
            Pictures.write(folder.resolve(name), 2, 2, 1);
        }
        Files.writeString(folder.resolve("b/readme.txt"), "x");
        Media media = new Media.FrameFolder(folder.resolve("b"));
        assertThat(media.frames().stream().map(path -> path.getFileName().toString()))
                .containsExactly("01.png", "02.png", "10.png");
    }

    @Test
    void formatsAreNamedAsUsersWriteThem() {
        assertThat(DatasetFormat.parse("raf-db")).isEqualTo(DatasetFormat.RAF_DB);
        assertThatThrownBy(() -> DatasetFormat.parse("imagenet"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("expected one of dfew, ferv39k, mafw, affectnet, raf-db, csv");
    }

    @Test
    void oneListOfTwoPartsIsToldApartByTheBeginningsOfItsNames() throws IOException {
        Pictures.write(folder.resolve("train_00001_aligned.jpg"), 2, 2, 1);
        Pictures.write(folder.resolve("test_0001_aligned.jpg"), 2, 2, 1);
        String text = "train_00001.jpg 5\ntest_0001.jpg 1\n";
        ClipList test = read(DatasetFormat.RAF_DB, text, ListOptions.defaults().where("path", "test_*"));
        assertThat(test.samples()).singleElement().extracting(Sample::id).isEqualTo("test_0001.jpg");
        assertThat(test.labelIds()).containsExactly(0);
        assertThat(read(DatasetFormat.RAF_DB, text, ListOptions.defaults().where("label", "5"))
                        .samples())
                .singleElement()
                .extracting(Sample::id)
                .isEqualTo("train_00001.jpg");
    }
}
