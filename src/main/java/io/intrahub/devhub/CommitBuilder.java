package io.intrahub.devhub;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** Builds one commit with the object ids that git would compute. */
final class CommitBuilder {
  private static final DateTimeFormatter HUB_DATE =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);

  /** A folder while it is built. */
  private static final class Node {
    final Map<String, Node> folders = new TreeMap<>();
    final Map<String, DevFile> files = new TreeMap<>();
    String oid = "";

    /** Git sorts by bytes, and a folder as if its name ended in a slash. */
    List<String> sortedNames() {
      List<String> names = new ArrayList<>(files.keySet());
      folders.keySet().forEach(name -> names.add(name + "/"));
      names.sort((a, b) ->
          Arrays.compareUnsigned(
              a.getBytes(StandardCharsets.UTF_8), b.getBytes(StandardCharsets.UTF_8)));
      return names;
    }
  }

  private final SortedMap<String, DevFile> files;
  private final Map<String, DevEntry> entries = new LinkedHashMap<>();
  private final Map<String, List<DevEntry>> children = new LinkedHashMap<>();

  CommitBuilder(SortedMap<String, DevFile> files) {
    this.files = Collections.unmodifiableSortedMap(new TreeMap<>(files));
  }

  static String hubDate(Instant instant) {
    return HUB_DATE.format(instant);
  }

  Commit build(Optional<Commit> parent, String message, Instant date) {
    Node root = new Node();
    files.forEach((path, file) -> put(root, path, file));
    writeTree(root);
    int lineEnd = message.indexOf('\n');
    String title = lineEnd < 0 ? message : message.substring(0, lineEnd);
    String body = lineEnd < 0 ? "" : message.substring(lineEnd).strip();
    String who = "Alice <alice@example.com> " + date.getEpochSecond() + " +0000";
    String text =
        "tree %s\n%sauthor %s\ncommitter %s\n\n%s\n"
            .formatted(
                root.oid,
                parent.map(p -> "parent " + p.sha() + "\n").orElse(""),
                who,
                who,
                message);
    String sha = Hashes.gitOid("commit", text.getBytes(StandardCharsets.UTF_8));
    DevEntry.Change change = new DevEntry.Change(sha, title, hubDate(date));
    collect(root, "", parent, change);
    return new Commit(
        sha,
        parent,
        title,
        body,
        hubDate(date),
        files,
        Collections.unmodifiableMap(entries),
        Collections.unmodifiableMap(children));
  }

  private static void put(Node root, String path, DevFile file) {
    Node node = root;
    List<String> names = DevText.cut(path, '/');
    for (String name : names) {
      if (name.isEmpty() || name.equals(".") || name.equals("..")) {
        throw new IllegalArgumentException("git keeps no such path: " + path);
      }
    }
    for (String name : names.subList(0, names.size() - 1)) {
      if (node.files.containsKey(name)) {
        throw new IllegalArgumentException("a file is in the way of " + path);
      }
      node = node.folders.computeIfAbsent(name, _ -> new Node());
    }
    if (node.folders.containsKey(names.getLast())) {
      throw new IllegalArgumentException("a folder is in the way of " + path);
    }
    node.files.put(names.getLast(), file);
  }

  private static void writeTree(Node node) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (String name : node.sortedNames()) {
      boolean folder = name.endsWith("/");
      String plain = folder ? name.substring(0, name.length() - 1) : name;
      String oid;
      if (folder) {
        Node child = childOf(node, plain);
        writeTree(child);
        oid = child.oid;
      } else {
        oid = fileOf(node, plain).gitOid();
      }
      out.writeBytes(
          ((folder ? "40000 " : "100644 ") + plain + "\0").getBytes(StandardCharsets.UTF_8));
      out.writeBytes(HexFormat.of().parseHex(oid));
    }
    node.oid = Hashes.gitOid("tree", out.toByteArray());
  }

  private void collect(Node node, String folder, Optional<Commit> parent, DevEntry.Change change) {
    List<DevEntry> direct = new ArrayList<>();
    for (String name : node.sortedNames()) {
      boolean isFolder = name.endsWith("/");
      String plain = isFolder ? name.substring(0, name.length() - 1) : name;
      String path = folder.isEmpty() ? plain : folder + "/" + plain;
      String oid = isFolder ? childOf(node, plain).oid : fileOf(node, plain).gitOid();
      DevEntry.Change last =
          parent
              .map(p -> p.entries().get(path))
              .filter(e -> e.oid().equals(oid))
              .map(DevEntry::change)
              .orElse(change);
      DevEntry entry =
          isFolder
              ? new DevEntry.Folder(path, oid, last)
              : new DevEntry.File(path, fileOf(node, plain), last);
      direct.add(entry);
      entries.put(path, entry);
      if (isFolder) {
        collect(childOf(node, plain), path, parent, change);
      }
    }
    children.put(folder, Collections.unmodifiableList(direct));
  }

  private static Node childOf(Node node, String name) {
    Node child = node.folders.get(name);
    if (child == null) {
      throw new IllegalStateException("lost folder " + name);
    }
    return child;
  }

  private static DevFile fileOf(Node node, String name) {
    DevFile file = node.files.get(name);
    if (file == null) {
      throw new IllegalStateException("lost file " + name);
    }
    return file;
  }
}
