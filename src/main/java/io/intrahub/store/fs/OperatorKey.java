package io.intrahub.store.fs;

import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.FileIo;
import io.intrahub.store.fs.disk.JdkDisk;
import io.intrahub.store.fs.disk.StoreLayout;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Signs what a command asks of the mirror that runs on its store, and the mirror's answer to that.
 * Only those who may read the store's folder can sign. The key itself is never sent, a signature is
 * good for its job, challenge and request only, and a proof for the answer to that one request. All
 * are for one folder: the mirror that runs on a copy of a store must not do what is asked for the
 * original. Immutable.
 */
public final class OperatorKey {
  private static final String ALGORITHM = "HmacSHA256";
  private static final String REQUEST = "operator";
  private static final String ANSWER = "operator-answer";
  private static final int MAX_KEY = 1024;

  private final SecretKeySpec key;
  private final String folder;

  private OperatorKey(byte[] installationKey, String folder) {
    this.key = new SecretKeySpec(installationKey, ALGORITHM);
    this.folder = folder;
  }

  /**
   * The key of a store that is open.
   *
   * @throws IOException if the folder can't be read
   */
  static OperatorKey of(byte[] installationKey, Path folder) throws IOException {
    return new OperatorKey(installationKey, FolderId.of(folder));
  }

  /**
   * Reads the key of a store, which a mirror may have open.
   *
   * @param folder of the store
   * @return empty if the folder has none or it can't be read
   */
  public static Optional<OperatorKey> read(Path folder) {
    Path root = folder.toAbsolutePath().normalize();
    try (Disk.File file = new JdkDisk(root).open(new StoreLayout(root).installationKey())) {
      int size = (int) Math.min(file.size(), MAX_KEY);
      return size == 0
          ? Optional.empty()
          : Optional.of(of(FileIo.readFully(file, 0, size).array(), root));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /**
   * The signature of a request.
   *
   * @param job what it asks for, in ASCII, without a line break
   * @param challenge what the mirror gave for this one request, likewise
   */
  public String sign(String job, String challenge, byte[] request) {
    return mac(REQUEST + "\n" + folder + "\n" + job + "\n" + challenge + "\n", request);
  }

  private String mac(String purpose, byte[] content) {
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      mac.init(key);
      mac.update(purpose.getBytes(StandardCharsets.US_ASCII));
      return HexFormat.of().formatHex(mac.doFinal(content));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java has " + ALGORITHM, e);
    }
  }

  /** Whether a signature is the one of this request for this job and challenge. */
  public boolean isSignature(String signature, String job, String challenge, byte[] request) {
    return isEqual(sign(job, challenge, request), signature);
  }

  /**
   * What proves to a command that an answer comes from the mirror that has this key, and has
   * admitted the request.
   *
   * @param signature of that request
   */
  public String prove(String signature) {
    return mac(ANSWER + "\n" + folder + "\n", signature.getBytes(StandardCharsets.UTF_8));
  }

  /** Whether a proof is the one for the request with this signature. */
  public boolean isProof(String proof, String signature) {
    return isEqual(prove(signature), proof);
  }

  private static boolean isEqual(String right, String given) {
    return MessageDigest.isEqual(
        right.getBytes(StandardCharsets.US_ASCII), given.getBytes(StandardCharsets.UTF_8));
  }
}
