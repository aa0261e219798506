package org.s2d.report;

import java.awt.BasicStroke;
import java.awt.Graphics2D;
import java.awt.geom.Path2D;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Plain letters made of strokes, for machines without a font. A glyph is drawn on a grid: each point is two digits, x
 * and y, with the descender at y = 0, the base line at 2, small letters up to 7 and capitals up to 9.
 */
record StrokeLetters() implements Lettering {
    private static final int BASE = 2;
    private static final int CAPITAL = 7;

    /** One glyph a line: the character, then its strokes. */
    private static final String GLYPHS = """
        A 023962 1454
        B 02093948473606 3645433202
        C 4839190803123243
        D 02093948433202
        E 49090242 0636
        F 490902 0636
        G 48391908031232434525
        H 0209 4249 0646
        I 0209
        J 3933221203
        K 0209 4905 1642
        L 090242
        M 0209356962
        N 02094249
        O 120308193948433212
        P 02093948463505
        Q 120308193948433212 2442
        R 02093948463505 2542
        S 483919080716354443321203
        T 0949 2922
        U 090312324349
        V 092249
        W 0912375269
        X 0249 0942
        Y 092649 2622
        Z 09490242
        a 37170603122233 3732
        b 0902 0312223336271706
        c 3627170603122233
        d 3932 3627170603122233
        e 05353627170603122233
        f 39291812 0727
        g 3731201001 3322120306172736
        h 0902 0617273632
        i 0207 0909
        j 171100 1919
        k 0902 3704 1532
        l 0902
        m 0207 0617273632 3647576662
        n 0207 0617273632
        o 120306172736332212
        p 0007 0312223336271706
        q 3037 3322120306172736
        r 0207 061727
        s 371706152534332202
        t 19132232 0727
        u 0703122233 3732
        v 072247
        w 0712365267
        x 0237 0732
        y 0722 47221000
        z 07370232
        0 120308193948433212
        1 072922
        2 08193948460242
        3 08193948473626 364543321203
        4 32390444
        5 490906364543321203
        6 4839190803123243453606
        7 094912
        8 16070819394847361605031232434536
        9 4515060819394843321203
        . 0202
        , 0200
        : 0202 0606
        ; 0200 0606
        - 0535
        – 0555
        + 0545 2327
        = 0444 0646
        / 0149
        \\ 0941
        ( 29080320
        ) 09282300
        [ 29090020
        ] 09292000
        % 0269 0809191808 5253636252
        _ 0141
        × 0448 0844
        · 0505
        … 0202 2222 4242
        ' 0907
        " 0907 2927
        ! 0904 0202
        ? 081939484724 2222
        < 480542
        > 084502
        # 1219 3239 0444 0747
        * 0447 0744 2228
        & 42171928370403123254
        | 0009
        """;

    private static final Map<Integer, List<String>> STROKES = parse();
    private static final List<String> UNKNOWN = List.of("0209494202");

    private static Map<Integer, List<String>> parse() {
        Map<Integer, List<String>> glyphs = new HashMap<>();
        GLYPHS.lines()
                .forEach(line -> glyphs.put(
                        line.codePointAt(0), List.of(line.substring(2).split(" "))));
        return Map.copyOf(glyphs);
    }

    @Override
    public double width(String text, Style style) {
        return text.codePoints().mapToDouble(StrokeLetters::advance).sum() * unit(style);
    }

    @Override
    public void draw(Graphics2D graphics, String text, double x, double y, Style style) {
        double unit = unit(style);
        Path2D path = new Path2D.Double();
        Path2D dots = new Path2D.Double();
        double left = x;
        for (int c : text.codePoints().toArray()) {
            for (String stroke : strokes(c)) {
                boolean dot = stroke.length() == 4 && stroke.startsWith(stroke.substring(2));
                add(dot ? dots : path, stroke, left, y, unit);
            }
            left += advance(c) * unit;
        }
        float width = (float) (style.size() * (style.bold() ? 0.13 : 0.085));
        graphics.setStroke(new BasicStroke(width, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
        graphics.draw(path);
        graphics.setStroke(new BasicStroke(1.6f * width, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
        graphics.draw(dots);
    }

    private static void add(Path2D path, String stroke, double left, double y, double unit) {
        for (int i = 0; i < stroke.length(); i += 2) {
            double px = left + (stroke.charAt(i) - '0') * unit;
            double py = y - (stroke.charAt(i + 1) - '0' - BASE) * unit;
            if (i == 0) {
                path.moveTo(px, py);
            } else {
                // A dot repeats its point, and needs a little length to be drawn.
                path.lineTo(px + 0.001, py);
            }
        }
    }

    private static double unit(Style style) {
        return style.capHeight() / CAPITAL;
    }

    private static List<String> strokes(int c) {
        return c == ' ' ? List.of() : STROKES.getOrDefault(c, UNKNOWN);
    }

    private static int advance(int c) {
        int widest = c == ' ' ? 2 : 0;
        for (String stroke : strokes(c)) {
            for (int i = 0; i < stroke.length(); i += 2) {
                widest = Math.max(widest, stroke.charAt(i) - '0');
            }
        }
        return widest + 2;
    }
}
