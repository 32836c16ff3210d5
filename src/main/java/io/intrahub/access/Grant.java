package io.intrahub.access;

import io.intrahub.hub.RepoId;

/**
 * The right of one authority to read a repo, or its metadata only. What the anonymous authority may
 * read, everybody may: a public repo is one whose content is granted to it.
 *
 * @param repo under the id by which upstream knows it
 * @param authority who may read
 * @param scope how much of the repo
 */
public record Grant(RepoId repo, Authority authority, ReadScope scope) {}
