/** The use cases: resolve a file, repo info, tree, paths-info, refs. No HTTP types. */
@org.jspecify.annotations.NullMarked
package io.intrahub.mirror;
