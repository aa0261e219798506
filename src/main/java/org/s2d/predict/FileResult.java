package org.s2d.predict;

import java.util.List;
import org.s2d.data.face.FaceBox;

/**
 * What was recognised in a file.
 *
 * @param file its name as given
 * @param seconds length of a video; 0 of a photograph
 * @param frames pictures that were searched for faces
 * @param width of these pictures
 * @param faces everybody who was seen, in the order of appearance
 */
public record FileResult(String file, double seconds, int frames, int width, List<Face> faces) {
    /**
     * One person, as far as they could be followed.
     *
     * @param number from 0, in the order of appearance
     * @param windows clips of that face in the order of time
     * @param sightings where the face was, in the order of time
     */
    public record Face(int number, List<Window> windows, List<Sighting> sightings) {
        public Face {
            windows = List.copyOf(windows);
            sightings = List.copyOf(sightings);
        }

        /** Mean over all windows. */
        public Prediction overall() {
            return Prediction.mean(windows.stream().map(Window::prediction).toList());
        }
    }

    /** The prediction for one clip of a face; times in seconds from the start of the video. */
    public record Window(double start, double end, Prediction prediction) {}

    /**
     * A face in one frame.
     *
     * @param square what was cut out of the frame
     * @param landmarks in pixels of the frame; empty where the model has no landmark network
     */
    public record Sighting(double seconds, FaceBox square, List<Prediction.Point> landmarks) {
        public Sighting {
            landmarks = List.copyOf(landmarks);
        }

        private Sighting scaled(double factor) {
            FaceBox box = new FaceBox(
                    square.x() * factor,
                    square.y() * factor,
                    square.width() * factor,
                    square.height() * factor,
                    square.score());
            return new Sighting(
                    seconds,
                    box,
                    landmarks.stream()
                            .map(point -> new Prediction.Point(point.x() * factor, point.y() * factor))
                            .toList());
        }
    }

    public FileResult {
        faces = List.copyOf(faces);
    }

    /** The same for pictures of another size. */
    FileResult scaled(double factor) {
        List<Face> scaled = faces.stream()
                .map(face -> new Face(
                        face.number,
                        face.windows,
                        face.sightings.stream()
                                .map(sighting -> sighting.scaled(factor))
                                .toList()))
                .toList();
        return new FileResult(file, seconds, frames, (int) Math.round(width * factor), scaled);
    }
}
