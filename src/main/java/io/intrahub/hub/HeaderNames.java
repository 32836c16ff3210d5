package io.intrahub.hub;

/** Header names of the Hub and of HTTP, spelled as the Hub sends them. */
public final class HeaderNames {
  public static final String ACCEPT_RANGES = "Accept-Ranges";
  public static final String AGE = "Age";
  public static final String AUTHORIZATION = "Authorization";
  public static final String CACHE_CONTROL = "Cache-Control";
  public static final String CACHE_STATUS = "Cache-Status";
  public static final String CONTENT_DISPOSITION = "Content-Disposition";
  public static final String CONTENT_LENGTH = "Content-Length";
  public static final String CONTENT_RANGE = "Content-Range";
  public static final String CONTENT_TYPE = "Content-Type";
  public static final String ETAG = "ETag";
  public static final String IF_NONE_MATCH = "If-None-Match";
  public static final String IF_RANGE = "If-Range";
  public static final String LINK = "Link";
  public static final String LOCATION = "Location";
  public static final String RANGE = "Range";
  public static final String RETRY_AFTER = "Retry-After";
  public static final String VARY = "Vary";
  public static final String VIA = "Via";
  public static final String X_ERROR_CODE = "X-Error-Code";
  public static final String X_ERROR_MESSAGE = "X-Error-Message";
  public static final String X_FORWARDED_FOR = "X-Forwarded-For";
  public static final String X_FORWARDED_HOST = "X-Forwarded-Host";
  public static final String X_FORWARDED_PREFIX = "X-Forwarded-Prefix";
  public static final String X_FORWARDED_PROTO = "X-Forwarded-Proto";
  public static final String X_HF_WARNING = "X-HF-Warning";
  public static final String X_LINKED_ETAG = "X-Linked-ETag";
  public static final String X_LINKED_SIZE = "X-Linked-Size";
  public static final String X_REPO_COMMIT = "X-Repo-Commit";
  public static final String X_REQUEST_ID = "X-Request-Id";
  public static final String X_REVISION = "X-Revision";
  public static final String X_TOTAL_COUNT = "X-Total-Count";

  private HeaderNames() {}
}
