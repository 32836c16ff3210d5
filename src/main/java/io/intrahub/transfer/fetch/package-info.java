/**
 * One transfer at work: runs that fetch, readers that wait, verification and publishing. It does
 * what {@link io.intrahub.transfer.core.TransferState} decides.
 */
@NullMarked
package io.intrahub.transfer.fetch;

import org.jspecify.annotations.NullMarked;
