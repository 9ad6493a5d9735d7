// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.blob;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import serai.config.AdminConfig;
import serai.config.BlobConfig;
import serai.config.HttpConfig;
import serai.problem.Problem;

/**
 * Addresses under which one blob may be written or read by whoever holds them: clients send no credentials of their own
 * there. Each is good for one method and one blob until it expires.
 */
@ApplicationScoped
public class BlobAddresses {
    /** From making an address to the begin of its use; a transfer that has begun may take longer. */
    public static final Duration VALIDITY = Duration.ofHours(1);

    private static final String UPLOAD = "PUT";
    private static final String DOWNLOAD = "GET";
    private static final String COMPLETE = "POST";
    private static final String ALGORITHM = "HmacSHA256";

    private final String base;
    private final SecretKeySpec key;

    @Inject
    public BlobAddresses(HttpConfig http, BlobConfig blob, AdminConfig admin) {
        this(http.url(), blob.key().or(admin::token).map(BlobAddresses::derived).orElseGet(BlobAddresses::random));
    }

    public BlobAddresses() {
        this(URI.create(""), new byte[1]); // for the server's proxy
    }

    BlobAddresses(URI base, byte[] key) {
        this(base, new SecretKeySpec(key, ALGORITHM));
    }

    private BlobAddresses(URI base, SecretKeySpec key) {
        this.base = base.toString().replaceAll("/+$", "");
        this.key = key;
    }

    /** @return the same, for somebody who finds us at another address */
    public BlobAddresses below(URI base) {
        return new BlobAddresses(base, key);
    }

    public URI upload(Blob blob, Instant now) {
        return address(UPLOAD, blob.id(), now);
    }

    /** @param number from 1 */
    public URI uploadOfPart(Blob blob, int number, Instant now) {
        return address(UPLOAD, part(blob.id(), Integer.toString(number)), now);
    }

    /** Where whoever has uploaded all parts says so. */
    public URI completion(Blob blob, Instant now) {
        return address(COMPLETE, completion(blob.id()), now);
    }

    public URI download(Blob blob, Instant now) {
        return address(DOWNLOAD, blob.id(), now);
    }

    /** @throws serai.problem.ProblemException {@link Problem#PERMISSION_DENIED} if we did not sign that, or it is over */
    public void checkUpload(String id, String expires, String signature, Instant now) {
        check(UPLOAD, id, expires, signature, now);
    }

    /** @throws serai.problem.ProblemException {@link Problem#PERMISSION_DENIED} if we did not sign that, or it is over */
    public void checkUploadOfPart(String id, String number, String expires, String signature, Instant now) {
        check(UPLOAD, part(id, number), expires, signature, now);
    }

    /** @throws serai.problem.ProblemException {@link Problem#PERMISSION_DENIED} if we did not sign that, or it is over */
    public void checkCompletion(String id, String expires, String signature, Instant now) {
        check(COMPLETE, completion(id), expires, signature, now);
    }

    private static String part(String id, String number) {
        return id + "/parts/" + number;
    }

    private static String completion(String id) {
        return id + "/complete";
    }

    /** @throws serai.problem.ProblemException {@link Problem#PERMISSION_DENIED} if we did not sign that, or it is over */
    public void checkDownload(String id, String expires, String signature, Instant now) {
        check(DOWNLOAD, id, expires, signature, now);
    }

    URI address(String method, String id, Instant now) {
        var expires = Long.toString(now.plus(VALIDITY).getEpochSecond());
        return URI.create(
                "%s/blobs/%s?expires=%s&signature=%s".formatted(base, id, expires, signature(method, id, expires)));
    }

    private void check(String method, String id, String expires, String signature, Instant now) {
        var right = signature(method, id, expires).getBytes(StandardCharsets.US_ASCII);
        if (signature == null || !MessageDigest.isEqual(right, signature.getBytes(StandardCharsets.UTF_8))) {
            throw Problem.PERMISSION_DENIED.because("the address of blob %s is not signed for %s", id, method);
        }
        var end = Instant.ofEpochSecond(Long.parseLong(expires)); // we signed it, so it is a number
        if (!now.isBefore(end)) {
            throw Problem.PERMISSION_DENIED.because("the address of blob %s expired at %s", id, end);
        }
    }

    private String signature(String method, String id, String expires) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(mac(key, method + '\n' + id + '\n' + expires));
    }

    /** So that the same text may have other uses. */
    private static byte[] derived(String secret) {
        return mac(new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), ALGORITHM), "serai blob addresses");
    }

    private static byte[] random() {
        var key = new byte[32];
        new SecureRandom().nextBytes(key);
        return key;
    }

    private static byte[] mac(SecretKeySpec key, String text) {
        try {
            var mac = Mac.getInstance(ALGORITHM);
            mac.init(key);
            return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java has " + ALGORITHM, e);
        }
    }
}
