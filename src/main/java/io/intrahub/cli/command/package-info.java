/**
 * What the commands share: their exit codes, the options by which they find the configuration and a
 * running mirror, and the way they print.
 */
@NullMarked
package io.intrahub.cli.command;

import org.jspecify.annotations.NullMarked;
