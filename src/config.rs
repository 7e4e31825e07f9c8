//! toaster.conf → Config.
