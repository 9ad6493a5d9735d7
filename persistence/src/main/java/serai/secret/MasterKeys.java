// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.secret;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import serai.problem.Problem;

/**
 * Encrypts in two steps, so that a new master key costs no content: each content has a data key that is used once, and the
 * newest master key wraps that. AES-256-GCM (NIST SP 800-38D) both times, with a random nonce in front and the owner's id as
 * associated data, so that what was copied into another row cannot be read.
 */
final class MasterKeys {
    private static final String CIPHER = "AES/GCM/NoPadding";
    private static final int KEY_BYTES = 32;
    private static final int NONCE_BYTES = 12;
    private static final int TAG_BITS = 128;
    private static final int ID_BYTES = 8;
    private static final SecureRandom RANDOM = new SecureRandom();

    private final List<Key> keys;

    private record Key(String id, SecretKey key) {}

    private MasterKeys(List<Key> keys) {
        this.keys = keys;
    }

    /**
     * @param text 32 bytes in base64 each, the newest first, separated by commas or white space
     * @throws IllegalArgumentException for anything else; the text is not repeated
     */
    static MasterKeys parse(String text) {
        var keys = new ArrayList<Key>();
        for (var word : text.strip().split("[,\\s]+")) {
            byte[] bytes;
            try {
                bytes = Base64.getDecoder().decode(word);
            } catch (IllegalArgumentException e) {
                throw wrong(keys.size() + 1);
            }
            if (bytes.length != KEY_BYTES) {
                throw wrong(keys.size() + 1);
            }
            keys.add(new Key(idOf(bytes), new SecretKeySpec(bytes, "AES")));
        }
        return new MasterKeys(keys);
    }

    private static IllegalArgumentException wrong(int position) {
        return new IllegalArgumentException(
                "serai.secret.master-keys: key %d is not %d bytes in base64 (openssl rand -base64 %d makes one)"
                        .formatted(position, KEY_BYTES, KEY_BYTES));
    }

    private static String idOf(byte[] key) {
        try {
            var hash = MessageDigest.getInstance("SHA-256").digest(key);
            return HexFormat.of().formatHex(hash, 0, ID_BYTES);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    /** @return ids of the keys that only decrypt */
    List<String> older() {
        return keys.stream().skip(1).map(Key::id).toList();
    }

    /** @param owner to whom the content belongs: the same has to be said to read it */
    Sealed seal(String owner, byte[] content) {
        var data = new byte[KEY_BYTES];
        RANDOM.nextBytes(data);
        return wrapped(owner, data, encrypt(new SecretKeySpec(data, "AES"), owner, content));
    }

    /** @throws serai.problem.ProblemException {@link Problem#SECRET_UNREADABLE} */
    byte[] open(String owner, Sealed sealed) {
        return decrypt(new SecretKeySpec(dataKey(owner, sealed), "AES"), owner, sealed.content());
    }

    /** The same content under the newest master key. */
    Sealed rewrap(String owner, Sealed sealed) {
        return wrapped(owner, dataKey(owner, sealed), sealed.content());
    }

    private Sealed wrapped(String owner, byte[] dataKey, byte[] content) {
        var newest = keys.getFirst();
        return new Sealed(newest.id, encrypt(newest.key, owner, dataKey), content);
    }

    private byte[] dataKey(String owner, Sealed sealed) {
        var key = keys.stream()
                .filter(k -> k.id.equals(sealed.keyId()))
                .findFirst()
                .orElseThrow(() -> Problem.SECRET_UNREADABLE.because(
                        "Secret '%s' is encrypted under master key %s, which serai.secret.master-keys does not have",
                        owner, sealed.keyId()));
        return decrypt(key.key, owner, sealed.wrappedKey());
    }

    private static byte[] encrypt(SecretKey key, String owner, byte[] plain) {
        try {
            var nonce = new byte[NONCE_BYTES];
            RANDOM.nextBytes(nonce);
            var cipher = cipher(Cipher.ENCRYPT_MODE, key, owner, nonce);
            var encrypted = cipher.doFinal(plain);
            return ByteBuffer.allocate(nonce.length + encrypted.length)
                    .put(nonce)
                    .put(encrypted)
                    .array();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java has AES-GCM", e);
        }
    }

    private static byte[] decrypt(SecretKey key, String owner, byte[] kept) {
        try {
            var nonce = java.util.Arrays.copyOf(kept, NONCE_BYTES);
            return cipher(Cipher.DECRYPT_MODE, key, owner, nonce).doFinal(kept, NONCE_BYTES, kept.length - NONCE_BYTES);
        } catch (AEADBadTagException e) {
            throw Problem.SECRET_UNREADABLE.because("Secret '%s' was changed behind the server's back", owner);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java has AES-GCM", e);
        }
    }

    private static Cipher cipher(int mode, SecretKey key, String owner, byte[] nonce) throws GeneralSecurityException {
        var cipher = Cipher.getInstance(CIPHER);
        cipher.init(mode, key, new GCMParameterSpec(TAG_BITS, nonce));
        cipher.updateAAD(owner.getBytes(StandardCharsets.UTF_8));
        return cipher;
    }
}
