/** The tag that starts a drain, unless another key is configured. */
export const DEFAULT_TAG_KEY = 'ecs-drain-agent:terminate';

/** The characters of a tag key that instance metadata serves, as messages name them. */
export const METADATA_TAG_KEY_CHARACTERS = 'A-Z a-z 0-9 + - = . , _ : @';

/** Whether instance metadata can serve a tag with this key (EC2 user guide, "View tags for your EC2 instances using instance metadata"). */
export const isMetadataTagKey = (text: string): boolean => /^[A-Za-z0-9+\-=.,_:@]{1,128}$/.test(text);

/** PutLifecycleHook's own pattern. */
export const isLifecycleHookName = (text: string): boolean => /^[A-Za-z0-9\-_/]{1,255}$/.test(text);

/** The names of the proxies; in capitals or not, as every program has them. */
export const isProxyName = (name: string): boolean => /^(?:https?|no)_proxy$/i.test(name);

/** Whether a variable says how the AWS APIs, or instance metadata, are reached. */
export const isNetworkName = (name: string): boolean =>
  isProxyName(name) ||
  /^AWS_(?:CA_BUNDLE|(?:DEFAULT_)?REGION|USE_(?:DUALSTACK|FIPS)_ENDPOINT|ENDPOINT_URL.*|EC2_METADATA_SERVICE_ENDPOINT)$/.test(
    name,
  );
