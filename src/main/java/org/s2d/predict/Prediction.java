package org.s2d.predict;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * What a model says about a clip or a photograph.
 *
 * @param labels names of the classes
 * @param probabilities one per class, in the same order; they add up to 1
 * @param landmarks for every frame that the model saw the 68 points of its landmark network, as fractions of the frame; empty without one
 */
public record Prediction(List<String> labels, List<Double> probabilities, List<List<Point>> landmarks) {
    /** A place in a picture: 0 is left or top, 1 right or bottom. */
    public record Point(double x, double y) {}

    public Prediction {
        if (labels.isEmpty() || labels.size() != probabilities.size()) {
            throw new IllegalArgumentException(labels.size() + " labels, " + probabilities.size() + " probabilities");
        }
        labels = List.copyOf(labels);
        probabilities = List.copyOf(probabilities);
        landmarks = landmarks.stream().map(List::copyOf).toList();
    }

    /** Points from x0, y0, x1, ... */
    static List<Point> points(double[] values) {
        List<Point> points = new ArrayList<>();
        for (int i = 0; i < values.length; i += 2) {
            points.add(new Point(values[i], values[i + 1]));
        }
        return points;
    }

    /** The most probable class. */
    public String label() {
        return labels.get(probabilities.indexOf(confidence()));
    }

    /** The probability of the most probable class. */
    public double confidence() {
        return Collections.max(probabilities);
    }

    /** The probability of a class; throws IllegalArgumentException for others. */
    public double probability(String label) {
        int index = labels.indexOf(label);
        if (index < 0) {
            throw new IllegalArgumentException("class " + label + ", the model has " + labels);
        }
        return probabilities.get(index);
    }

    /** Mean probabilities of predictions by one model, as the evaluation merges the views of a clip; without landmarks. */
    public static Prediction mean(List<Prediction> predictions) {
        List<String> labels = predictions.getFirst().labels;
        List<Double> mean = new ArrayList<>();
        for (int c = 0; c < labels.size(); c++) {
            double sum = 0;
            for (Prediction prediction : predictions) {
                sum += prediction.probabilities.get(c);
            }
            mean.add(sum / predictions.size());
        }
        return new Prediction(labels, mean, List.of());
    }
}
