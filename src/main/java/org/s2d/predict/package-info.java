/** Recognition with a trained model: the interface for programs, and what the {@code predict} command does with files. */
@NullMarked
package org.s2d.predict;

import org.jspecify.annotations.NullMarked;
