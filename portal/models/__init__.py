"""What the portal itself keeps."""

from portal.models.banners import Banner, BannerChange, BannerDismissal
from portal.models.branding import Branding, BrandingImage
from portal.models.playground import SavedConversation, SavedPreset, SavedPrompt

__all__ = [
    "Banner",
    "BannerChange",
    "BannerDismissal",
    "Branding",
    "BrandingImage",
    "SavedConversation",
    "SavedPreset",
    "SavedPrompt",
]
