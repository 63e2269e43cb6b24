/**
 * Whether this is the id of an EC2 instance, held to its exact length (EC2 user guide, "Resource IDs"): one that was
 * cut off on its way is no other instance's id.
 */
export const isInstanceId = (text: string): boolean => /^i-(?:[0-9a-f]{8}|[0-9a-f]{17})$/.test(text);
