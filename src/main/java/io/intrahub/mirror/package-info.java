/**
 * The use cases: resolve a file, repo info, listings, {@code paths-info}, and calls of the API that
 * are passed on. A use case takes parsed requests and knows no servlet and no HTTP library.
 *
 * <p>What is fetched is kept once for all clients, and each request finds out first whether its
 * client may read the repo: {@code RevisionResolver} asks for the grant of everybody, then for that
 * of the client.
 *
 * <p>Its answers speak HTTP all the same: an {@link io.intrahub.mirror.ApiReply} has a status and
 * headers, because a call that is passed on brings them from upstream, and an {@link
 * io.intrahub.mirror.ErrorReply} has the Hub's own error. How they are written is decided by {@code
 * http}.
 */
@org.jspecify.annotations.NullMarked
package io.intrahub.mirror;
