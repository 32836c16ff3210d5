package io.intrahub.devhub;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import tools.jackson.core.JsonGenerator;

/** The files of a BERT so small that it fits everywhere, yet loads like any other. */
final class TinyBert {
  private static final int VOCABULARY = 6000;
  private static final int HIDDEN = 64;
  private static final int INNER = 256;
  private static final int LAYERS = 2;
  private static final int POSITIONS = 128;
  private static final List<String> SPECIAL = List.of("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]");

  private TinyBert() {}

  static Map<String, DevFile> files() {
    Map<String, DevFile> files = new LinkedHashMap<>();
    files.put("config.json", DevFile.text(config()));
    files.put("tokenizer_config.json", DevFile.text(tokenizerConfig()));
    files.put(
        "special_tokens_map.json",
        DevFile.text(
            """
            {"cls_token":"[CLS]","mask_token":"[MASK]","pad_token":"[PAD]","sep_token":"[SEP]",\
            "unk_token":"[UNK]"}
            """));
    files.put("vocab.txt", DevFile.text(String.join("\n", vocabulary()) + "\n"));
    files.put("tokenizer.json", DevFile.bytes(tokenizer()));
    files.put("model.safetensors", DevFile.lfs(weights()));
    return files;
  }

  private static String config() {
    return """
    {
      "architectures": ["BertModel"],
      "model_type": "bert",
      "vocab_size": %d,
      "hidden_size": %d,
      "intermediate_size": %d,
      "num_hidden_layers": %d,
      "num_attention_heads": 2,
      "max_position_embeddings": %d,
      "type_vocab_size": 2,
      "hidden_act": "gelu",
      "layer_norm_eps": 1e-12,
      "pad_token_id": 0,
      "torch_dtype": "float32"
    }
    """
        .formatted(VOCABULARY, HIDDEN, INNER, LAYERS, POSITIONS);
  }

  private static String tokenizerConfig() {
    return """
    {
      "tokenizer_class": "BertTokenizer",
      "do_lower_case": true,
      "model_max_length": %d,
      "cls_token": "[CLS]",
      "mask_token": "[MASK]",
      "pad_token": "[PAD]",
      "sep_token": "[SEP]",
      "unk_token": "[UNK]"
    }
    """
        .formatted(POSITIONS);
  }

  /** Special tokens, single characters as words and as word parts, then made-up syllables. */
  private static List<String> vocabulary() {
    List<String> words = new ArrayList<>(SPECIAL);
    String single = "abcdefghijklmnopqrstuvwxyz0123456789.,;:!?'\"()-";
    single.chars().forEach(c -> words.add(Character.toString(c)));
    single.chars().filter(Character::isLetterOrDigit).forEach(c -> words.add("##" + (char) c));
    words.addAll(List.of("hello", "world", "the", "model", "hub"));
    String consonants = "bcdfghjklmnprstvwz";
    String vowels = "aeiou";
    for (int i = 0; words.size() < VOCABULARY; i++) {
      StringBuilder word = new StringBuilder();
      for (int rest = i + consonants.length() * vowels.length(); rest > 0; ) {
        word.append(consonants.charAt(rest % consonants.length()));
        rest /= consonants.length();
        word.append(vowels.charAt(rest % vowels.length()));
        rest /= vowels.length();
      }
      words.add(word.toString());
    }
    return words;
  }

  private static byte[] tokenizer() {
    List<String> words = vocabulary();
    return Json.write(g -> {
      g.writeStartObject();
      g.writeStringProperty("version", "1.0");
      g.writeNullProperty("truncation");
      g.writeNullProperty("padding");
      g.writeArrayPropertyStart("added_tokens");
      for (int i = 0; i < SPECIAL.size(); i++) {
        g.writeRawValue(
            ("{\"id\":%d,\"content\":\"%s\",\"single_word\":false,\"lstrip\":false,"
                    + "\"rstrip\":false,\"normalized\":false,\"special\":true}")
                .formatted(i, SPECIAL.get(i)));
      }
      g.writeEndArray();
      g.writeName("normalizer");
      g.writeRawValue(
          "{\"type\":\"BertNormalizer\",\"clean_text\":true,\"handle_chinese_chars\":true,"
              + "\"strip_accents\":null,\"lowercase\":true}");
      g.writeName("pre_tokenizer");
      g.writeRawValue("{\"type\":\"BertPreTokenizer\"}");
      g.writeName("post_processor");
      g.writeRawValue("{\"type\":\"BertProcessing\",\"sep\":[\"[SEP]\",3],\"cls\":[\"[CLS]\",2]}");
      g.writeName("decoder");
      g.writeRawValue("{\"type\":\"WordPiece\",\"prefix\":\"##\",\"cleanup\":true}");
      g.writeName("model");
      wordPiece(g, words);
      g.writeEndObject();
    });
  }

  private static void wordPiece(JsonGenerator g, List<String> words) {
    g.writeStartObject();
    g.writeStringProperty("type", "WordPiece");
    g.writeStringProperty("unk_token", "[UNK]");
    g.writeStringProperty("continuing_subword_prefix", "##");
    g.writeNumberProperty("max_input_chars_per_word", 100);
    g.writeObjectPropertyStart("vocab");
    for (int i = 0; i < words.size(); i++) {
      g.writeNumberProperty(words.get(i), i);
    }
    g.writeEndObject();
    g.writeEndObject();
  }

  private static Map<String, List<Integer>> tensors() {
    Map<String, List<Integer>> shapes = new LinkedHashMap<>();
    shapes.put("embeddings.word_embeddings.weight", List.of(VOCABULARY, HIDDEN));
    shapes.put("embeddings.position_embeddings.weight", List.of(POSITIONS, HIDDEN));
    shapes.put("embeddings.token_type_embeddings.weight", List.of(2, HIDDEN));
    norm(shapes, "embeddings.LayerNorm");
    for (int i = 0; i < LAYERS; i++) {
      String layer = "encoder.layer." + i + ".";
      for (String part : List.of("self.query", "self.key", "self.value", "output.dense")) {
        dense(shapes, layer + "attention." + part, HIDDEN, HIDDEN);
      }
      norm(shapes, layer + "attention.output.LayerNorm");
      dense(shapes, layer + "intermediate.dense", INNER, HIDDEN);
      dense(shapes, layer + "output.dense", HIDDEN, INNER);
      norm(shapes, layer + "output.LayerNorm");
    }
    dense(shapes, "pooler.dense", HIDDEN, HIDDEN);
    return shapes;
  }

  private static void dense(Map<String, List<Integer>> shapes, String name, int out, int in) {
    shapes.put(name + ".weight", List.of(out, in));
    shapes.put(name + ".bias", List.of(out));
  }

  private static void norm(Map<String, List<Integer>> shapes, String name) {
    shapes.put(name + ".weight", List.of(HIDDEN));
    shapes.put(name + ".bias", List.of(HIDDEN));
  }

  private static int count(List<Integer> shape) {
    return shape.stream().reduce(1, Math::multiplyExact);
  }

  /** A safetensors file: length of the header, header, then the tensors end to end. */
  private static byte[] weights() {
    Map<String, List<Integer>> shapes = tensors();
    int floats = shapes.values().stream().mapToInt(TinyBert::count).sum();
    byte[] header = header(shapes);
    // The data should start at a multiple of 8; spaces behind the header are allowed for that.
    int padded = (header.length + 7) / 8 * 8;
    ByteBuffer out =
        ByteBuffer.allocate(8 + padded + floats * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    out.putLong(padded).put(header);
    out.put(" ".repeat(padded - header.length).getBytes(StandardCharsets.UTF_8));
    SplittableRandom random = new SplittableRandom(20260102);
    shapes.forEach((name, shape) -> {
      for (int i = 0; i < count(shape); i++) {
        out.putFloat(value(name, random));
      }
    });
    return out.array();
  }

  private static float value(String name, SplittableRandom random) {
    if (name.endsWith(".bias")) {
      return 0;
    }
    return name.contains("LayerNorm") ? 1 : (float) random.nextDouble(-0.05, 0.05);
  }

  private static byte[] header(Map<String, List<Integer>> shapes) {
    return Json.write(g -> {
      g.writeStartObject();
      g.writeName("__metadata__");
      g.writeRawValue("{\"format\":\"pt\"}");
      long offset = 0;
      for (Map.Entry<String, List<Integer>> tensor : shapes.entrySet()) {
        long end = offset + (long) count(tensor.getValue()) * Float.BYTES;
        g.writeObjectPropertyStart(tensor.getKey());
        g.writeStringProperty("dtype", "F32");
        g.writeArrayPropertyStart("shape");
        tensor.getValue().forEach(g::writeNumber);
        g.writeEndArray();
        g.writeArrayPropertyStart("data_offsets");
        g.writeNumber(offset);
        g.writeNumber(end);
        g.writeEndArray();
        g.writeEndObject();
        offset = end;
      }
      g.writeEndObject();
    });
  }
}
