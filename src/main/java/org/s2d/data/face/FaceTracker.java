package org.s2d.data.face;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Follows faces from frame to frame by the overlap of their boxes, so that several people keep their numbers. */
public final class FaceTracker {
    /** Heads move; the box of another face seldom overlaps this much. */
    private static final double LEAST_OVERLAP = 0.25;
    /** Weight of the newly found box: detectors tremble by some pixels. */
    private static final double FRESHNESS = 0.6;
    /** How long a face may be out of sight, in seconds. */
    public static final double PATIENCE = 0.75;

    private final List<Track> tracks = new ArrayList<>();
    private int next;

    /** A face in a frame, and the number of the person's track. */
    public record Tracked(int track, FaceBox box) {}

    private record Track(int number, FaceBox box, double seconds) {}

    private record Match(Track track, FaceBox found, double overlap) {}

    /** The faces found in the next frame with the numbers of their tracks, in the order of those. */
    public List<Tracked> next(double seconds, List<FaceBox> found) {
        tracks.removeIf(track -> seconds - track.seconds > PATIENCE);
        List<Match> matches = new ArrayList<>();
        for (Track track : tracks) {
            for (FaceBox box : found) {
                double overlap = track.box.overlap(box);
                if (overlap >= LEAST_OVERLAP) {
                    matches.add(new Match(track, box, overlap));
                }
            }
        }
        matches.sort(Comparator.comparingDouble(match -> -match.overlap));
        Set<Object> taken = new HashSet<>();
        List<Track> seen = new ArrayList<>();
        for (Match match : matches) {
            if (!taken.contains(match.track) && !taken.contains(match.found)) {
                taken.add(match.track);
                taken.add(match.found);
                seen.add(new Track(match.track.number, match.track.box.towards(match.found, FRESHNESS), seconds));
            }
        }
        for (FaceBox box : found) {
            if (!taken.contains(box)) {
                seen.add(new Track(next++, box, seconds));
            }
        }
        tracks.removeIf(track -> seen.stream().anyMatch(other -> other.number == track.number));
        tracks.addAll(seen);
        return seen.stream()
                .sorted(Comparator.comparingInt(Track::number))
                .map(track -> new Tracked(track.number, track.box))
                .toList();
    }

    /** The picture changes to another scene: whoever comes next is somebody new. */
    public void cut() {
        tracks.clear();
    }
}
