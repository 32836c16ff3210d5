/** The Hub's protocol as types that parse and format; no I/O. */
@org.jspecify.annotations.NullMarked
package io.intrahub.hub;
