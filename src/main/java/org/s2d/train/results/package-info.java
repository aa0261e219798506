/** What a run leaves in its folder: logs, evaluations, pictures, model card and report; and runs compared. */
@org.jspecify.annotations.NullMarked
package org.s2d.train.results;
