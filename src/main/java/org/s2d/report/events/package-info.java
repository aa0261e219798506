/** Event files as TensorBoard reads them: records with checksums around a few protocol-buffer fields. */
@org.jspecify.annotations.NullMarked
package org.s2d.report.events;
