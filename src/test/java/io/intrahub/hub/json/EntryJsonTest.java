package io.intrahub.hub.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.Digest;
import io.intrahub.hub.Entry;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EntryJsonTest {
  private static final String GIT = "2e2f9d16c9f9467745844efad442eb3615f55519";
  private static final String SHA256 =
      "de5498baf6f26db8576105cd90e991713c100ed7a37bfc82585b5041aa1c02ff";
  private static final String FILE =
      "{\"type\":\"file\",\"oid\":\"" + GIT + "\",\"size\":661,\"path\":\"d/config.json\"}";

  private static List<EntryJson.Sent> read(String json) throws MalformedJsonException, IOException {
    List<EntryJson.Sent> sent = new ArrayList<>();
    EntryJson.read(new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)), sent::add);
    return sent;
  }

  private static void assertMalformed(String json) {
    assertThatThrownBy(() -> read(json)).isInstanceOf(MalformedJsonException.class);
  }

  @Test
  void files_folders_and_lfs_files_are_understood() throws MalformedJsonException, IOException {
    String lfs =
        ("{'type':'file','oid':'%s','size':14504,"
                + "'lfs':{'oid':'%s','size':14504,'pointerSize':130},'path':'m.safetensors'}")
            .formatted(GIT, SHA256)
            .replace('\'', '"');
    String folder = "{\"type\":\"directory\",\"oid\":\"" + GIT + "\",\"size\":0,\"path\":\"d\"}";
    List<EntryJson.Sent> sent = read("[" + folder + "," + FILE + "," + lfs + "]");

    assertThat(sent).extracting(EntryJson.Sent::json).containsExactly(folder, FILE, lfs);
    assertThat(sent.get(0).entry().kind()).isEqualTo(Entry.Kind.DIRECTORY);
    assertThat(sent.get(0).entry().blob()).isEmpty();
    assertThat(sent.get(1).entry().blob()).contains(new BlobId(new Digest.GitSha1(GIT), 661));
    assertThat(sent.get(2).entry().blob()).contains(new BlobId(new Digest.Sha256(SHA256), 14504));
    assertThat(sent.get(2).entry().lfs().orElseThrow().pointerSize()).isEqualTo(130);
    assertThat(sent.get(2).entry().oid()).isEqualTo(GIT);
  }

  @Test
  void the_text_keeps_order_unknown_fields_and_numbers_but_no_spaces() throws Exception {
    String odd =
        ("[ { 'path' : 'a/b' , 'new' : [ 1.10e2 , -0.0, null, true, {'x':1E400} ] ,\n"
                + " 'size':7, 'oid':'%s', 'u':'\\u00e9 \\/ \\uD83D\\uDE00', 'type':'file' } ]")
            .formatted(GIT)
            .replace('\'', '"');
    assertThat(read(odd).getFirst().json())
        .isEqualTo(
            ("{'path':'a/b','new':[1.10e2,-0.0,null,true,{'x':1E400}],"
                    + "'size':7,'oid':'%s','u':'é / \uD83D\uDE00','type':'file'}")
                .formatted(GIT)
                .replace('\'', '"'));
  }

  @Test
  void no_xet_hash_gets_through_at_any_depth() throws MalformedJsonException, IOException {
    String json =
        ("[{'xetHash':'a','type':'file','oid':'%s','size':1,'deep':{'xetHash':{'x':[1]},'y':1,"
                + "'l':[{'xetHash':null}]},'path':'f','xetHash2':'kept'}]")
            .formatted(GIT)
            .replace('\'', '"');
    assertThat(read(json).getFirst().json())
        .isEqualTo(
            ("{'type':'file','oid':'%s','size':1,'deep':{'y':1,'l':[{}]},"
                    + "'path':'f','xetHash2':'kept'}")
                .formatted(GIT)
                .replace('\'', '"'));
  }

  @Test
  void half_a_surrogate_pair_stays_an_escape() throws MalformedJsonException, IOException {
    String json = FILE.replace("\"size\"", "\"title\":\"cut \\uD83D\",\"size\"");
    assertThat(read("[" + json + "]").getFirst().json()).isEqualTo(json);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"../x\"",
        "\"/etc/passwd\"",
        "\"a/../../x\"",
        "\"\"",
        "\".\"",
        "\"a\\u0000b\"",
        "\"a//b\"",
        "\"a/\"",
        "\"\\ud800\"",
        "null",
        "7",
        "[\"f\"]",
        "{\"path\":\"f\"}"
      })
  void an_entry_with_a_hostile_path_is_left_out(String path)
      throws MalformedJsonException, IOException {
    String bad = FILE.replace("\"d/config.json\"", path);
    List<EntryJson.Sent> sent = new ArrayList<>();
    String json = "[" + bad + "," + FILE + "]";
    int count =
        EntryJson.read(new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)), sent::add);
    assertThat(count).isEqualTo(2);
    assertThat(sent).extracting(s -> s.entry().path().value()).containsExactly("d/config.json");
  }

  /** Left out, a snapshot would be incomplete without a word. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "a\\\\b",
        "..\\\\x",
        "a\\\\..\\\\x",
        "\\\\server\\\\share",
        "a\\nb",
        "a\\u202eb",
        "a\\u0007b"
      })
  void an_odd_name_that_git_allows_is_kept(String path) throws MalformedJsonException, IOException {
    String json = FILE.replace("d/config.json", path);
    EntryJson.Sent sent = read("[" + json + "]").getFirst();
    assertThat(EntryJson.parse(sent.json()).entry()).isEqualTo(sent.entry());
    assertThat(sent.entry().path().isServable()).isEqualTo(path.equals("a\\\\b"));
  }

  @Test
  void fields_of_inner_objects_are_not_the_entrys_own() throws MalformedJsonException, IOException {
    String json =
        ("[{'type':'file','oid':'%s','size':3,'path':'f','lastCommit':{'path':'x','oid':'y',"
                + "'size':9,'type':'z'},'a':{'lfs':{'oid':'%s','size':5}},'lfs':null}]")
            .formatted(GIT, SHA256)
            .replace('\'', '"');
    Entry entry = read(json).getFirst().entry();
    assertThat(entry.path().value()).isEqualTo("f");
    assertThat(entry.blob()).contains(new BlobId(new Digest.GitSha1(GIT), 3));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{}",
        "null",
        "[",
        "[1]",
        "[null]",
        "[[]]",
        "[{]",
        "[{}",
        "[] []",
        "[],",
        "<html>",
        "[{'type':'file','oid':'GIT','size':661,'path':'f'}",
        "[{'type':'file','oid':'GIT','size':661,'path':'f'}}",
        "[{'type':'file','oid':'GIT','size':661,'path':'f','path':'g'}]",
        "[{'type':'file','oid':'GIT','size':661,'path':'f','x':{'a':1,'a':2}}]",
        "[{'type':'symlink','oid':'GIT','size':661,'path':'f'}]",
        "[{'oid':'GIT','size':661,'path':'f'}]",
        "[{'type':'file','size':661,'path':'f'}]",
        "[{'type':'file','oid':'GIT','path':'f'}]",
        "[{'type':'file','oid':null,'size':661,'path':'f'}]",
        "[{'type':'file','oid':'GIT','size':-1,'path':'f'}]",
        "[{'type':'file','oid':'GIT','size':'1','path':'f'}]",
        "[{'type':'file','oid':'GIT','size':1.5,'path':'f'}]",
        "[{'type':'file','oid':'GIT','size':99999999999999999999,'path':'f'}]",
        "[{'type':'file','oid':'GIT','size':1,'path':'f','lfs':{'oid':'x','size':1}}]",
        "[{'type':'file','oid':'GIT','size':1,'path':'f','lfs':{'oid':'SHA256'}}]",
        "[{'type':'file','oid':'GIT','size':1,'path':'f','lfs':{'oid':'SHA256','size':-1}}]",
        "[{'type':'file','oid':'GIT','size':NaN,'path':'f'}]",
        "[{'type':'file','oid':'GIT','size':01,'path':'f'}]",
      })
  void what_is_no_listing_is_refused(String json) {
    assertMalformed(json.replace('\'', '"').replace("GIT", GIT).replace("SHA256", SHA256));
  }

  /** Upstream is asked again for the second, and clients get the first as it is. */
  @Test
  void json_of_another_shape_is_told_from_what_is_no_json() {
    for (String json : List.of("[[]]", "[" + FILE.replace("\"file\"", "\"symlink\"") + "]")) {
      assertThatThrownBy(() -> read(json))
          .isInstanceOfSatisfying(
              MalformedJsonException.class, e -> assertThat(e.isOtherShape()).as(json).isTrue());
    }
    for (String json : List.of("", "{}", "[", "[" + FILE, "<html>", "[] []")) {
      assertThatThrownBy(() -> read(json))
          .isInstanceOfSatisfying(
              MalformedJsonException.class, e -> assertThat(e.isOtherShape()).as(json).isFalse());
    }
  }

  @Test
  void what_is_too_deep_or_too_long_is_refused() {
    String open = FILE.substring(0, FILE.length() - 1);
    assertMalformed("[" + open + ",\"x\":" + "[".repeat(100) + "]".repeat(100) + "}]");
    assertMalformed("[" + open + ",\"x\":" + "1".repeat(101) + "}]");
    assertMalformed("[" + open + ",\"x\":\"" + "a".repeat(8 * 1024 * 1024 + 1) + "\"}]");
  }

  @Test
  void a_kept_text_is_read_back() throws MalformedJsonException, IOException {
    EntryJson.Sent sent = read("[" + FILE + "]").getFirst();
    assertThat(EntryJson.parse(sent.json())).isEqualTo(sent);
    assertThatThrownBy(() -> EntryJson.parse("[]")).isInstanceOf(MalformedJsonException.class);
    assertThatThrownBy(() -> EntryJson.parse(FILE.replace("d/", "../")))
        .isInstanceOf(MalformedJsonException.class);
  }
}
