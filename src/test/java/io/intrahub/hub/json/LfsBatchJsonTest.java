package io.intrahub.hub.json;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.Digest;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The bodies of the batch call of Git LFS. */
class LfsBatchJsonTest {
  private static final String OID = "ab".repeat(32);
  private static final BlobId BLOB = new BlobId(new Digest.Sha256(OID), 7);

  private static List<LfsBatchJson.Download> read(String json) throws MalformedJsonException {
    return LfsBatchJson.read(json.replace('\'', '"').replace("OID", OID).getBytes(UTF_8));
  }

  private static List<LfsBatchJson.Download> readObject(String json) throws MalformedJsonException {
    return read("{'transfer':'basic','objects':[" + json + "]}");
  }

  @Test
  void a_request_names_each_object_with_its_size() {
    assertThat(new String(LfsBatchJson.write(List.of(BLOB)), UTF_8))
        .isEqualTo(
            "{'operation':'download','transfers':['basic'],'hash_algo':'sha256','objects':[{'oid':'OID','size':7}]}"
                .replace('\'', '"')
                .replace("OID", OID));
  }

  @Test
  void an_answer_tells_the_address_of_each_object_and_how_long_it_lives()
      throws MalformedJsonException {
    assertThat(
            read(
                """
                {'objects':[
                  {'oid':'OID','size':7,'authenticated':true,'x':{'oid':'y'},
                   'actions':{'verify':{'href':'v'},
                              'download':{'href':'a','header':{},'expires_in':60}}},
                  {'oid':'OID','size':8,'actions':{'download':{'href':'b','header':null}}}],
                 'transfer':'basic','more':[1]}\
                """))
        .containsExactly(
            new LfsBatchJson.Download(BLOB, "a", Optional.of(60L)),
            new LfsBatchJson.Download(
                new BlobId(new Digest.Sha256(OID), 8), "b", Optional.empty()));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'oid':'OID','size':7,'error':{'code':404,'message':'no'}}",
        "{'oid':'OID','size':7,'error':{'code':404},'actions':{'download':{'href':'a'}}}",
        "{'oid':'OID','size':7}",
        "{'oid':'OID','size':7,'actions':{'download':{}}}",
        "{'oid':'OID','size':7,'actions':{'upload':{'href':'a'}}}",
        "{'oid':'OID','size':7,'actions':{'download':{'header':{'A':'b'},'href':'a'}}}",
        "{'oid':'OID','size':7,'actions':{'download':{'href':'a','header':{'A':{'b':1}}}}}",
        "{'oid':'OID','size':7,'actions':{'download':{'href':7}}}",
        "{'oid':'OID','size':'7','actions':{'download':{'href':'a'}}}",
        "{'oid':'OID','size':99999999999999999999,'actions':{'download':{'href':'a'}}}",
        "{'oid':'OID','size':-7,'actions':{'download':{'href':'a'}}}",
        "{'oid':'AB','size':7,'actions':{'download':{'href':'a'}}}",
        "{'size':7,'actions':{'download':{'href':'a'}}}",
      })
  void an_object_without_a_plain_address_is_left_out(String object) throws MalformedJsonException {
    assertThat(readObject(object)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "{}",
        "{'objects':{}}",
        "{'objects':[{'oid':'OID'",
        "{'objects':[]",
        "{'transfer':'xet','objects':[]}",
        "{'transfer':['basic'],'objects':[]}",
        "<html>",
      })
  void what_is_no_answer_of_this_api_is_refused(String json) {
    assertThatThrownBy(() -> read(json)).isInstanceOf(MalformedJsonException.class);
  }
}
