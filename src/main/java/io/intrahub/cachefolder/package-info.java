/**
 * Cache folders of the Hub's Python client: written from a store, and read into one. For commands
 * of the operator; nothing here answers clients.
 */
@org.jspecify.annotations.NullMarked
package io.intrahub.cachefolder;
