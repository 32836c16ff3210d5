/**
 * The commands and the composition root: reads the configuration, hands each package its own
 * settings record and wires everything by hand.
 */
@org.jspecify.annotations.NullMarked
package io.intrahub.cli;
