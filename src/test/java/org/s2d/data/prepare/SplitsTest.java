package org.s2d.data.prepare;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.s2d.data.prepare.Splits.Item;

class SplitsTest {
    private static final double[] FIVE = {0.2, 0.2, 0.2, 0.2, 0.2};

    /** 60 people with one to four clips each; a fifth of the clips are of the rare class. */
    private static List<Item> items() {
        List<Item> items = new ArrayList<>();
        for (int person = 0; person < 60; person++) {
            for (int clip = 0; clip <= person % 4; clip++) {
                items.add(new Item("person" + person, (person + clip) % 5 == 0 ? "rare" : "usual"));
            }
        }
        return items;
    }

    @Test
    void everyPartHasAboutItsShareOfEachClass() {
        List<Item> items = items();
        Map<String, Integer> parts = Splits.assign(items, FIVE);
        assertThat(parts).hasSize(60);
        for (String label : List.of("rare", "usual")) {
            double share =
                    items.stream().filter(item -> item.label().equals(label)).count() / 5.0;
            for (int part = 0; part < FIVE.length; part++) {
                int wanted = part;
                long count = items.stream()
                        .filter(item -> item.label().equals(label) && parts.getOrDefault(item.group(), -1) == wanted)
                        .count();
                assertThat((double) count).isBetween(share - 2, share + 2);
            }
        }
    }

    @Test
    void theOrderOfTheClipsDoesNotMatter() {
        List<Item> shuffled = items();
        Collections.shuffle(shuffled, new Random(5));
        assertThat(Splits.assign(shuffled, FIVE)).isEqualTo(Splits.assign(items(), FIVE));
    }

    @Test
    void unequalSharesAreKept() {
        Map<String, Integer> parts = Splits.assign(items(), new double[] {0.8, 0.2});
        long second = items().stream()
                .filter(item -> parts.getOrDefault(item.group(), -1) == 1)
                .count();
        assertThat((double) second / items().size()).isBetween(0.18, 0.22);
    }

    @Test
    void fewClipsGoToTheLargerPartsFirst() {
        List<Item> two = List.of(new Item("a", "x"), new Item("b", "x"));
        assertThat(Splits.assign(two, new double[] {0.7, 0.1, 0.2}))
                .containsEntry("a", 0)
                .containsEntry("b", 2);
    }
}
