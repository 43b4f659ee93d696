/**
 * Which clients a server holds that spreads locations by a bucket: all of them, or only those that it has to do with, getting
 * others from the bucket when it is asked for them.
 */
export type Hold = 'all' | 'touched';
