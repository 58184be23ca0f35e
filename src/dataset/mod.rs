//! Pictures: CIFAR-10's binary files, the built-in Emoji-10, augmentation and seeded order.
