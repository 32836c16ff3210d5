/** Entries and repo info from and to JSON, streaming only. */
@org.jspecify.annotations.NullMarked
package io.intrahub.hub.json;
