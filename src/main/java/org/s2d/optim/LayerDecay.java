package org.s2d.optim;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Learning rates that shrink towards the input: factor {@code decay^(depth + 1 - layer)}. Embeddings, {@code patch_embed_prompt} with
 * them, are layer 0, encoder block i is layer i + 1, all the rest is the last layer.
 *
 * @param decay factor between neighbouring layers
 * @param depth encoder blocks
 */
public record LayerDecay(double decay, int depth) {
    private static final Pattern BLOCK = Pattern.compile("blocks\\.(\\d+)\\..*");

    /** The layer of a parameter. */
    public int layer(String name) {
        if (name.equals("cls_token") || name.equals("pos_embed") || name.startsWith("patch_embed")) {
            return 0;
        }
        Matcher block = BLOCK.matcher(name);
        return block.matches() ? Integer.parseInt(block.group(1)) + 1 : depth + 1;
    }

    /** Factor on the learning rate of a parameter. */
    public double scale(String name) {
        return Math.pow(decay, depth + 1 - layer(name));
    }
}
