package org.s2d.data.prepare;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Shares clips out over parts, so that no group is in two and each class is in every part about as its share says. */
final class Splits {
    /** A clip's group (person or file) and class. */
    record Item(String group, String label) {}

    private final double[] shares;
    private final Map<String, Integer> totals = new HashMap<>();
    private final List<Map<String, Integer>> filled = new ArrayList<>();

    private Splits(Collection<Item> items, double[] shares) {
        this.shares = shares.clone();
        items.forEach(item -> totals.merge(item.label(), 1, Integer::sum));
        for (int i = 0; i < shares.length; i++) {
            filled.add(new HashMap<>());
        }
    }

    /**
     * The part of every group, from 0; a function of the items alone, whatever their order.
     *
     * @param shares of the parts; their sum is 1
     */
    static Map<String, Integer> assign(Collection<Item> items, double[] shares) {
        Splits splits = new Splits(items, shares);
        Map<String, Map<String, Integer>> groups = new HashMap<>();
        for (Item item : items) {
            groups.computeIfAbsent(item.group(), unseen -> new HashMap<>()).merge(item.label(), 1, Integer::sum);
        }
        // The largest first: small ones can still even out what these leave.
        List<Map.Entry<String, Map<String, Integer>>> order = new ArrayList<>(groups.entrySet());
        order.sort(Comparator.comparingInt((Map.Entry<String, Map<String, Integer>> group) -> -sum(group.getValue()))
                .thenComparing(Map.Entry.comparingByKey()));
        Map<String, Integer> parts = new LinkedHashMap<>();
        order.forEach(group -> parts.put(group.getKey(), splits.place(group.getValue())));
        return parts;
    }

    private static int sum(Map<String, Integer> counts) {
        return counts.values().stream().mapToInt(Integer::intValue).sum();
    }

    /** The part that lacks most of what a group has; of several the one with the largest share. */
    private int place(Map<String, Integer> group) {
        int best = 0;
        for (int part = 1; part < shares.length; part++) {
            int more = Double.compare(lack(part, group), lack(best, group));
            if (more > 0 || (more == 0 && shares[part] > shares[best])) {
                best = part;
            }
        }
        Map<String, Integer> chosen = filled.get(best);
        group.forEach((label, count) -> chosen.merge(label, count, Integer::sum));
        return best;
    }

    /** Clips that a part lacks, as a share of what it should have, for each class that the group has. */
    private double lack(int part, Map<String, Integer> group) {
        double lack = 0;
        for (Map.Entry<String, Integer> entry : group.entrySet()) {
            double wanted = shares[part] * totals.getOrDefault(entry.getKey(), 0);
            lack += entry.getValue() * (1 - filled.get(part).getOrDefault(entry.getKey(), 0) / wanted);
        }
        return lack;
    }
}
