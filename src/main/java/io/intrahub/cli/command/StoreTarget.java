package io.intrahub.cli.command;

import io.intrahub.config.Config;

/**
 * The store that a command works on, and how the command finds the mirror that may run on it.
 *
 * @param config as {@code serve} reads it
 * @param namesListener whether the command line names the operator's listener: then the command is
 *     for the mirror there, and does nothing without it
 */
public record StoreTarget(Config config, boolean namesListener) {}
