package org.s2d.weights;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.s2d.tensor.Shape;
import org.s2d.weights.StateDictMatch.Suggestion;

class StateDictMatcherTest {
    private static final Shape VECTOR = Shape.of(8);

    private static Map<String, Shape> names(String... names) {
        Map<String, Shape> result = new LinkedHashMap<>();
        for (String name : names) {
            result.put(name, VECTOR);
        }
        return result;
    }

    private static Map<String, Shape> with(Map<String, Shape> base, String name, int... dims) {
        Map<String, Shape> result = new LinkedHashMap<>(base);
        result.put(name, Shape.of(dims));
        return result;
    }

    @Test
    void equalNamesAndShapesAreComplete() {
        StateDictMatch match = StateDictMatcher.match(names("a", "b"), names("b", "a"));
        assertThat(match.isComplete()).isTrue();
        assertThat(match.sources()).isEqualTo(Map.of("a", "a", "b", "b"));
        assertThat(match.report())
                .containsExactly("2 of the model's tensors are in the file;" + " nothing missing, nothing unexpected");
    }

    @Test
    void missingUnexpectedAndMisshapenNamesAreListed() {
        StateDictMatch match =
                StateDictMatcher.match(with(names("a", "zzz.weight"), "c", 2, 3), with(names("a", "b"), "c", 3, 2));
        assertThat(match.isComplete()).isFalse();
        assertThat(match.missing()).containsExactly("b");
        assertThat(match.unexpected()).containsExactly("zzz.weight");
        assertThat(match.mismatches())
                .containsExactly(new StateDictMatch.Mismatch("c", Shape.of(2, 3), Shape.of(3, 2)));
        assertThat(match.report())
                .contains(
                        "c: shape (2, 3) in the file, the model has (3, 2)",
                        "missing (1): b",
                        "unexpected (1): zzz.weight");
    }

    @Test
    void prefixesOfEitherSideAreFound() {
        assertThat(StateDictMatcher.match(names("module.a.b", "module.c"), names("a.b", "c"))
                        .suggestions())
                .containsExactly(new Suggestion("module.*", "*", 2));
        assertThat(StateDictMatcher.match(names("a.b", "c"), names("encoder.a.b", "encoder.c"))
                        .suggestions())
                .containsExactly(new Suggestion("*", "encoder.*", 2));
    }

    @Test
    void knownAndSimilarNamesAreSuggestedWhereShapesAgree() {
        StateDictMatch match = StateDictMatcher.match(
                names("norm.weight", "norm.bias", "blocks.0.mlp.fc_1.weight"),
                names("ln_post.weight", "ln_post.bias", "blocks.0.mlp.fc1.weight"));
        assertThat(match.suggestions())
                .containsExactly(
                        new Suggestion("norm.*", "ln_post.*", 2),
                        new Suggestion("blocks.0.mlp.fc_1.*", "blocks.0.mlp.fc1.*", 1));
        assertThat(match.report()).contains("did the file mean ln_post.* by norm.*? (2 tensors)");
        assertThat(StateDictMatcher.match(with(Map.of(), "fc_1", 3), with(Map.of(), "fc1", 4))
                        .suggestions())
                .isEmpty();
    }

    @Test
    void s2dRulesDropLandmarksAndRenameTheNorm() {
        StateDictMatch match = StateDictMatcher.matchS2d(
                names("landmark_net.conv.weight", "norm.weight", "norm.bias", "blocks.0.norm1.weight"),
                names("ln_post.weight", "ln_post.bias", "blocks.0.norm1.weight"));
        assertThat(match.isComplete()).isTrue();
        assertThat(match.sources())
                .containsEntry("ln_post.weight", "norm.weight")
                .containsEntry("blocks.0.norm1.weight", "blocks.0.norm1.weight");
        assertThat(match.report())
                .contains(
                        "landmark_net.conv.weight: dropped, part of the landmark network",
                        "norm.weight: renamed to ln_post.weight");
    }

    @Test
    void s2dRulesPreferTheFilesOwnLnPost() {
        StateDictMatch match =
                StateDictMatcher.matchS2d(names("norm.weight", "ln_post.weight"), names("ln_post.weight"));
        assertThat(match.sources()).containsEntry("ln_post.weight", "ln_post.weight");
        assertThat(match.changes()).hasSize(1);
    }

    @Test
    void s2dRulesRemakeTheHeadAndTheLandmarkProjectionWhenTheirSizesDiffer() {
        Map<String, Shape> file = Map.of(
                "head.fc_cls.weight", Shape.of(7, 8),
                "head.fc_cls.bias", Shape.of(7),
                "patch_embed_prompt.proj.weight", Shape.of(8, 96, 1, 1));
        Map<String, Shape> model = Map.of(
                "head.fc_cls.weight", Shape.of(11, 8),
                "head.fc_cls.bias", Shape.of(11),
                "patch_embed_prompt.proj.weight", Shape.of(8, 128, 1, 1));
        StateDictMatch match = StateDictMatcher.matchS2d(file, model);
        assertThat(match.isComplete()).isTrue();
        assertThat(match.sources()).isEmpty();
        assertThat(match.report())
                .contains(
                        "head.fc_cls.bias: dropped, the file has 7 classes and the model 11; initialised afresh",
                        "patch_embed_prompt.proj.weight: dropped, the file has 96 landmark channels and the model 128;"
                                + " initialised afresh");
        assertThat(StateDictMatcher.classCount(file)).hasValue(7);
        assertThat(StateDictMatcher.classCount(Map.of())).isEmpty();
    }

    @Test
    void headOfAnotherWidthIsAMismatchAndNotRemade() {
        StateDictMatch match = StateDictMatcher.matchS2d(
                Map.of("head.fc_cls.weight", Shape.of(7, 16)), Map.of("head.fc_cls.weight", Shape.of(7, 8)));
        assertThat(match.mismatches()).hasSize(1);
        assertThat(match.isComplete()).isFalse();
    }

    @Test
    void longListsAreCutInTheReport() {
        Map<String, Shape> model = new LinkedHashMap<>();
        for (int i = 0; i < 20; i++) {
            model.put("a" + i, Shape.of(i));
        }
        assertThat(StateDictMatcher.match(Map.of(), model).report().get(1))
                .isEqualTo("missing (20): a0, a1, a2, a3, a4, a5, a6, a7, and 12 more");
    }
}
