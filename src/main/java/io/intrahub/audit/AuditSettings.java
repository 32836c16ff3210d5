package io.intrahub.audit;

import java.nio.file.Path;

/**
 * Where the audit log is written.
 *
 * @param file the file that is being written; older ones are beside it, compressed
 * @param maxBytes size at which the file is rotated
 * @param keep number of older files that are kept; at least 1
 */
public record AuditSettings(Path file, long maxBytes, int keep) {}
