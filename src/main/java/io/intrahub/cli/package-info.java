/**
 * The commands and the composition root, which reads the configuration, gives each package its
 * settings record and wires all classes by hand.
 */
@org.jspecify.annotations.NullMarked
package io.intrahub.cli;
