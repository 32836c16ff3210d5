/**
 * What {@code intrahub doctor} examines: one small class for each check, in the order in which one
 * depends on another, and the recording of the shapes of the Hub's answers. The command itself, and
 * everything that it takes from the configuration, is in {@code cli}.
 */
@NullMarked
package io.intrahub.cli.doctor;

import org.jspecify.annotations.NullMarked;
