package org.s2d.data.synthetic;

import static org.s2d.data.synthetic.FacePainter.pen;
import static org.s2d.data.synthetic.FacePainter.translucent;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.Shape;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Path2D;
import java.awt.geom.Rectangle2D;
import java.awt.geom.RoundRectangle2D;

/** Brows, eyes, nose, mouth, folds and glasses: all that an expression moves. */
final class FeaturePainter {
    private static final Color SCLERA = new Color(0xF7F4EF);
    private static final Color MOUTH = new Color(0x4A1416);
    private static final Color TEETH = new Color(0xF6F2E8);
    private static final Color TONGUE = new Color(0xB4545A);

    private final Graphics2D graphics;
    private final Identity who;
    private final Expression face;
    private final Scene scene;
    private final Color crease;

    FeaturePainter(Graphics2D graphics, Identity who, Expression face, Scene scene) {
        this.graphics = graphics;
        this.who = who;
        this.face = face;
        this.scene = scene;
        crease = translucent(who.skin(0.55), 0.75);
    }

    void paint() {
        for (int side = -1; side <= 1; side += 2) {
            eye(side);
            brow(side);
        }
        foreheadAndFrown();
        smileFolds();
        nose();
        mouth();
        if (who.glasses()) {
            glasses();
        }
    }

    /** Where a point of the face lands when the head turns; depth is how far it stands out. */
    private double px(double x, double depth) {
        double far = x * scene.yaw() > 0 ? 1 - 0.16 * Math.abs(scene.yaw()) : 1;
        return x * far + scene.yaw() * (0.10 + depth);
    }

    private double py(double y, double depth) {
        return y + scene.pitch() * (0.06 + depth);
    }

    private void eye(int side) {
        double cx = px(side * who.eyeSpacing(), 0);
        double cy = py(-0.07, 0);
        double half = who.eyeSize() * (side * scene.yaw() > 0 ? 1 - 0.15 * Math.abs(scene.yaw()) : 1);
        double up = 0.085 * face.eyeOpen();
        double down = 0.05 * (1 - 0.7 * face.squint()) * Math.min(1.25, face.eyeOpen());
        Path2D opening = new Path2D.Double();
        opening.moveTo(cx - half, cy);
        opening.curveTo(cx - half * 0.5, cy - up * 1.25, cx + half * 0.5, cy - up * 1.25, cx + half, cy);
        opening.curveTo(cx + half * 0.5, cy + down * 1.25, cx - half * 0.5, cy + down * 1.25, cx - half, cy);
        opening.closePath();

        graphics.setColor(translucent(who.skin(0.7), 0.35));
        graphics.fill(new Ellipse2D.Double(cx - half * 1.25, cy - 0.12, half * 2.5, 0.2));
        graphics.setColor(SCLERA);
        graphics.fill(opening);
        Shape clip = graphics.getClip();
        graphics.clip(opening);
        double radius = 0.062;
        double ix = cx + 0.04 * face.gazeX() + 0.02 * scene.yaw();
        double iy = cy - 0.012 + 0.03 * face.gazeY();
        disc(ix, iy, radius, who.iris());
        disc(ix, iy, radius * 0.5, new Color(0x120C0A));
        disc(ix - 0.02, iy - 0.024, 0.014, Color.WHITE);
        graphics.setClip(clip);

        Path2D lid = new Path2D.Double();
        lid.moveTo(cx - half, cy);
        lid.curveTo(cx - half * 0.5, cy - up * 1.25, cx + half * 0.5, cy - up * 1.25, cx + half, cy);
        stroke(lid, new Color(0x2A1A14), 0.024);
        Path2D lower = new Path2D.Double();
        lower.moveTo(cx - half * 0.9, cy + 0.01);
        lower.quadTo(cx, cy + down * 1.9, cx + half * 0.9, cy + 0.01);
        stroke(lower, crease, 0.012 + 0.012 * face.squint());
        Path2D fold = new Path2D.Double();
        fold.moveTo(cx - half * 0.95, cy - 0.035 - up * 0.4);
        fold.quadTo(cx, cy - 0.05 - up * 1.35, cx + half * 0.95, cy - 0.035 - up * 0.4);
        stroke(fold, translucent(who.skin(0.6), 0.5), 0.011);
    }

    private void brow(int side) {
        double raise = 0.11 * face.browRaise();
        double y = py(-0.07 - who.browHeight(), 0) - raise;
        double inner = y - 0.085 * face.browTilt() + 0.012;
        double outer = y + 0.035 * face.browTilt() + 0.02;
        double arch = Math.min(inner, outer) - 0.045 - 0.03 * Math.max(0, face.browRaise());
        // Frowning draws the brows together.
        double innerX = 0.10 + 0.035 * Math.min(0, face.browTilt());
        Path2D brow = new Path2D.Double();
        brow.moveTo(px(side * innerX, 0.02), inner);
        double bend = face.browTilt() < -0.2 ? (inner + outer) / 2 - 0.02 : arch;
        brow.quadTo(px(side * (who.eyeSpacing() + 0.02), 0.02), bend, px(side * (who.eyeSpacing() + 0.15), 0), outer);
        stroke(brow, who.brows(), who.browThickness());
    }

    private void foreheadAndFrown() {
        double raised = Math.max(0, face.browRaise() - 0.35);
        for (int i = 0; raised > 0 && i < 2; i++) {
            double y = py(-0.44 - 0.06 * i, 0);
            Path2D line = new Path2D.Double();
            line.moveTo(px(-0.2, 0), y);
            line.quadTo(px(0, 0), y - 0.025, px(0.2, 0), y);
            stroke(line, translucent(who.skin(0.6), Math.min(1, raised)), 0.014);
        }
        double frown = Math.max(0, -face.browTilt() - 0.2);
        for (int side = -1; frown > 0 && side <= 1; side += 2) {
            Path2D line = new Path2D.Double();
            line.moveTo(px(side * 0.03, 0.02), py(-0.22, 0));
            line.lineTo(px(side * 0.022, 0.02), py(-0.12, 0));
            stroke(line, translucent(who.skin(0.5), Math.min(1, frown)), 0.016);
        }
    }

    private void smileFolds() {
        double depth = Math.clamp(face.mouthCurve() - 0.2, 0, 1);
        for (int side = -1; depth > 0 && side <= 1; side += 2) {
            Path2D fold = new Path2D.Double();
            fold.moveTo(px(side * (who.noseWidth() + 0.05), 0.05), py(0.14, 0));
            fold.quadTo(
                    px(side * 0.28, 0.03),
                    py(0.2, 0),
                    px(side * (who.mouthHalfWidth() * face.mouthWidth() + 0.05), 0.02),
                    py(who.mouthY() + 0.02, 0));
            stroke(fold, translucent(who.skin(0.6), 0.8 * depth), 0.018);
        }
    }

    private void nose() {
        double tip = py(-0.04 + who.noseLength(), 0.05);
        double x = px(0, 0.09);
        Path2D bridge = new Path2D.Double();
        double lit = scene.yaw() >= 0 ? 1 : -1;
        bridge.moveTo(px(lit * 0.045, 0.02), py(-0.07, 0));
        bridge.quadTo(x + lit * 0.03, tip - 0.1, x + lit * who.noseWidth(), tip);
        stroke(bridge, translucent(who.skin(0.68), 0.7), 0.022);
        Path2D base = new Path2D.Double();
        base.moveTo(x - who.noseWidth(), tip - 0.01);
        base.quadTo(x - who.noseWidth() * 0.6, tip + 0.045, x, tip + 0.03);
        base.quadTo(x + who.noseWidth() * 0.6, tip + 0.045, x + who.noseWidth(), tip - 0.01);
        stroke(base, translucent(who.skin(0.55), 0.9), 0.024);
        disc(x - who.noseWidth() * 0.5, tip + 0.012, 0.017, translucent(who.skin(0.35), 0.8));
        disc(x + who.noseWidth() * 0.5, tip + 0.012, 0.017, translucent(who.skin(0.35), 0.8));
    }

    private void mouth() {
        double half = who.mouthHalfWidth() * face.mouthWidth();
        double cx = px(0, 0.05);
        double y = py(who.mouthY(), 0.02) + 0.05 * face.mouthOpen();
        double corner = y - 0.075 * face.mouthCurve();
        double left = cx - half * (scene.yaw() < 0 ? 1 + 0.1 * scene.yaw() : 1);
        double right = cx + half * (scene.yaw() > 0 ? 1 - 0.1 * scene.yaw() : 1);
        double top = y + 0.055 * face.mouthCurve() - 0.10 * face.mouthOpen();
        double bottom = y + 0.085 * Math.max(face.mouthCurve(), -0.6) + 0.30 * face.mouthOpen();
        double lip = who.lipFullness();

        graphics.setColor(who.lips());
        graphics.fill(between(left, right, corner, top - 1.4 * lip, bottom + 2.0 * lip));
        Path2D opening = between(left, right, corner, top, Math.max(bottom, top + 0.012));
        graphics.setColor(MOUTH);
        graphics.fill(opening);
        if (face.mouthOpen() > 0.08) {
            Shape clip = graphics.getClip();
            graphics.clip(opening);
            double gap = (bottom - top) / 2;
            graphics.setColor(TONGUE);
            graphics.fill(new Ellipse2D.Double(cx - half * 0.6, bottom - gap * 0.55, half * 1.2, 0.3));
            graphics.setColor(TEETH);
            double teeth = 0.065 + 0.06 * Math.max(0, face.mouthCurve());
            graphics.fill(new Rectangle2D.Double(cx - half, Math.min(top, corner) - 0.03, 2 * half, teeth));
            graphics.setClip(clip);
        }
        stroke(opening, translucent(new Color(0x3A1512), 0.85), 0.014);
    }

    /** The area between two bows through both corners of the mouth; top and bottom are its middle heights. */
    private static Path2D between(double left, double right, double corner, double top, double bottom) {
        // A dropped jaw makes the opening round, a smile leaves it pointed.
        double third = (right - left) * Math.max(0.02, 0.28 - 0.9 * Math.max(0, bottom - top - 0.12));
        double topControl = corner + (top - corner) * 4 / 3;
        double bottomControl = corner + (bottom - corner) * 4 / 3;
        Path2D path = new Path2D.Double();
        path.moveTo(left, corner);
        path.curveTo(left + third, topControl, right - third, topControl, right, corner);
        path.curveTo(right - third, bottomControl, left + third, bottomControl, left, corner);
        path.closePath();
        return path;
    }

    private void glasses() {
        Color frame = new Color(0x23, 0x1F, 0x20, 220);
        double y = py(-0.08, 0);
        for (int side = -1; side <= 1; side += 2) {
            double x = px(side * who.eyeSpacing(), 0.01);
            Shape rim = new RoundRectangle2D.Double(x - 0.165, y - 0.125, 0.33, 0.26, 0.14, 0.14);
            graphics.setColor(new Color(255, 255, 255, 22));
            graphics.fill(rim);
            stroke(rim, frame, 0.02);
        }
        Path2D bridge = new Path2D.Double();
        bridge.moveTo(px(-who.eyeSpacing(), 0.01) + 0.165, y);
        bridge.quadTo(px(0, 0.04), y - 0.03, px(who.eyeSpacing(), 0.01) - 0.165, y);
        stroke(bridge, frame, 0.02);
    }

    private void disc(double x, double y, double radius, Color color) {
        graphics.setColor(color);
        graphics.fill(new Ellipse2D.Double(x - radius, y - radius, 2 * radius, 2 * radius));
    }

    private void stroke(Shape shape, Color color, double width) {
        graphics.setColor(color);
        graphics.setStroke(pen(width));
        graphics.draw(shape);
    }
}
