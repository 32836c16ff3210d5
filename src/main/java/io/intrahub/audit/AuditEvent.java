package io.intrahub.audit;

import io.intrahub.http.RequestListener;
import java.time.Instant;

/**
 * An entry of the audit log before it is encoded.
 *
 * @param time when the response ended
 */
record AuditEvent(Instant time, RequestListener.Request request) {}
